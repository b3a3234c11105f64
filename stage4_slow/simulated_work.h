#ifndef THAW_STAGE4_SLOW_SIMULATED_WORK_H
#define THAW_STAGE4_SLOW_SIMULATED_WORK_H

// simulated_work.h - work that takes its time
//
// It is a pause, in place of what servers really wait for: a disk, a database,
// another server. With --work-cpu it computes (computing.h). With --work-gate
// each piece of work waits for one byte in a FIFO, so that a test or a person
// finishes one piece at a time:
//
//     mkfifo gate; ...; printf x >gate

#include "lib/base/options.h"

#include <stdint.h>

struct simulated_work {
    int milliseconds;      // the time for each piece of work,
    int cpu_ms;            // or, if not 0, so long it computes,
    const char *gate_path; // or until one byte comes out of this FIFO
    int gate;              // its descriptor
    int64_t steps;         // of computing, for each piece
};

// Puts --work-ms, --work-cpu and --work-gate into the command line.
void simulated_work_add_options(struct simulated_work *work,
                                struct options *options);

// Opens the gate, or measures how fast this machine computes, if it needs to.
// Returns -1 and sets errno.
int simulated_work_init(struct simulated_work *work);

// Does one piece of work: waits or computes. Any thread. `since` is when its
// event arrived (durations.h).
void simulated_work_run(const struct simulated_work *work, int64_t since);

#endif
