#ifndef THAW_TESTS_BENCH_DRAIN_H
#define THAW_TESTS_BENCH_DRAIN_H

// drain.h - the workers of a server alone, without HTTP
//
//     [ full channels ] --> the server's own work()
//
// A subject includes the main.c of its server. Events cost no simulated work,
// and nothing is printed of them, as with --quiet. Without the clock and the
// metrics, which are the same in both servers, one sees what differs: how
// workers receive a job, and change a balance.

#include "stage5_queue/job.h"

struct drain {
    const char *name;
    // Sends so many jobs, and then lets the workers begin. Returns the
    // nanoseconds until all are done; -1 and sets errno when memory or threads
    // ran out. Not `is_whole`: without the clock and the metrics.
    int64_t (*run)(int workers, int jobs, int users, bool is_whole);
};

extern const struct drain drain_pool;
extern const struct drain drain_lanes;

// For the subjects: an event of that user, which arrives now; and the time,
// when all workers wait for their first job.
void drain_job(struct job *job, int user);
int64_t drain_begin(void);

#endif
