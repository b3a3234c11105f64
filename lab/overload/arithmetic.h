#ifndef THAW_LAB_OVERLOAD_ARITHMETIC_H
#define THAW_LAB_OVERLOAD_ARITHMETIC_H

// arithmetic.h - when events must be done, if a server costs nothing but work
//
//     arrivals --> [ those that wait, in order ] --> workers --> done
//                   <------- capacity ------->
//
// An event begins when it has arrived and a worker is free, so
//
//     begin = max(arrival, the moment at which the first worker is free)
//     done = begin + work
//
// With one worker this is Lindley's recursion ("The theory of queues with a
// single server", 1952).

enum { ARITHMETIC_WORKERS_MAX = 64 };

struct arithmetic {
    int workers;
    int capacity; // of the queue; 0: no limit
    double work;  // in seconds
};

// Sets done[i] for the arrival i, in seconds; negative: it finds the queue full
// and is rejected. The arrivals are in order. Returns how many are accepted.
int arithmetic_done(const struct arithmetic *arithmetic, const double *arrivals,
                    int count, double *done);

#endif
