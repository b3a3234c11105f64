#ifndef THAW_BEYOND_SHARED_WORKER_H
#define THAW_BEYOND_SHARED_WORKER_H

// worker.h - threads that work on what is in the database
//
// * They are the same threads in a front end (--workers) and in shared_worker.
// * Work is simulated with the row locked. Without work (--work-ms 0), up to
//   ten jobs are applied in one statement.
// * A worker that finds nothing looks again 5 ms later, then after twice as
//   long each time, 40 ms at most. NOTIFY would tell it at once, but it takes a
//   lock that all committing transactions share (postgresql.org/docs/15,
//   NOTIFY: "in the order of the commits").
// * workers_stop lets each worker finish the job that it has. What is in the
//   table waits for the next worker.

#include "beyond/shared/place.h"
#include "stage4_slow/simulated_work.h"
#include "stage6_pool/pool.h"

struct workers {
    int count;
    struct simulated_work simulated_work;
    const struct place *place;
    bool is_quiet; // no line for each job
    struct pool pool;
    int stop[2]; // a pipe: readable for all once there is a byte
};

// Puts --workers, --work-ms and the like into the command line.
void workers_add_options(struct workers *workers, struct options *options);

// Starts the threads. Returns -1 and sets errno.
int workers_start(struct workers *workers, const struct place *place,
                  bool is_quiet);

// A signal handler may call it.
void workers_stop(const struct workers *workers);

// Waits for workers_stop.
void workers_wait(const struct workers *workers);

// Waits until all have ended.
void workers_join(struct workers *workers);

#endif
