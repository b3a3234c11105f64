#ifndef THAW_LAB_OVERLOAD_OVERLOAD_H
#define THAW_LAB_OVERLOAD_OVERLOAD_H

// overload.h - a server at a load from 0.2 to 2.0 of what it can do
//
//     a load of 0.5    half as many events as the workers can do
//     a load of 1.0    capacity = workers / work, in events per second
//     a load of 2.0    overload: twice as many
//
// Each event is sent when it is due, whatever the server does, and all times
// count from then (lab/load/load.h says why). It is done when the server's line
// about it has come. Beside what is measured is what must come out: see
// arithmetic.h, and Little's law.

#include "lab/servers/server.h"

#include <stdbool.h>

enum { OVERLOAD_ROWS = 16 };

struct overload_plan {
    int stage; // 4 to 6: it decides the arithmetic
    struct command command;
    int workers;
    int capacity; // of the channel; 0: no limit
    int work_ms;
    double seconds; // that events are sent
};

// Times are in seconds; INFINITY: there was no response, or it was not done.
struct overload_row {
    double load;
    int sent, accepted, rejected;
    int others; // another status, or none
    double response_p50, response_p99;
    double done_p50, done_p99, done_mean; // of those accepted
    double arithmetic;                    // what done_mean should be
    double work;                          // as the server measured it
    double waiting_mean; // events; negative: the server can't say
    double little;       // what it should be
    double waiting_max;  // at most, when the server was asked
    double late;         // by how much the lab sent too late, at most
    char fault[256];     // why there is nothing else in here
    bool is_ours;        // and that is the lab's own fault
};

// Starts a server, sends the events, and ends the server.
void overload_measure(const struct overload_plan *plan, double load,
                      struct overload_row *row);

struct overload_result {
    struct overload_plan plan;
    const char *name;
    int count;
    struct overload_row rows[OVERLOAD_ROWS];
};

// By which part the measured time until done differs from the calculated one.
double overload_difference(const struct overload_row *row);

// Prints the table, at most 80 columns wide, or JSON.
void overload_print(const struct overload_result *result);
void overload_print_legend(const struct overload_result *results, int count);
void overload_print_json(const struct overload_result *results, int count);

// Draws all of them. Returns -1 and sets errno.
int overload_draw(const struct overload_result *results, int count,
                  const char *svg_path);

struct overload_options {
    bool stages[6];
    const char *name;       // of a server that is not ours; or NULL
    struct command command; // and how it is started
    const char *loads;      // "0.5,2"; NULL: those of the table
    int work_ms;
    int seconds;
    bool is_json;
    const char *svg; // or NULL
};

// All loads and stages at the same time. Returns the exit status.
int overload(const struct overload_options *options);

#endif
