#ifndef THAW_STAGE4_SLOW_SIMULATED_WORK_H
#define THAW_STAGE4_SLOW_SIMULATED_WORK_H

// simulated_work.h - work that takes its time
//
// It is a pause, in place of what servers really wait for: a disk, a database,
// another server. With --work-gate each piece of work waits for one byte in a
// FIFO, so that a test or a person finishes one piece at a time:
//
//     mkfifo gate; ...; printf x >gate

#include "lib/base/options.h"

struct simulated_work {
    int milliseconds;      // the time for each piece of work,
    const char *gate_path; // or until one byte comes out of this FIFO
    int gate;              // its descriptor
};

// Puts --work-ms and --work-gate into the command line.
void simulated_work_add_options(struct simulated_work *work,
                                struct options *options);

// Opens the gate, if there is one. Returns -1 and sets errno.
int simulated_work_init(struct simulated_work *work);

// Does one piece of work: waits. Any thread.
void simulated_work_run(const struct simulated_work *work);

#endif
