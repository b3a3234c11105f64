#ifndef THAW_STAGE4_SLOW_SLOW_H
#define THAW_STAGE4_SLOW_SLOW_H

// slow.h - work that takes its time
//
// It stands for what servers really wait for: a disk, a database, another
// server. With --work-gate it takes until somebody writes one byte into a
// FIFO, so that a test, or a person, finishes one piece of work at a time:
//
//     mkfifo gate; ...; printf x >gate

#include "lib/options.h"

struct slow {
    int milliseconds;      // each piece of work takes so long,
    const char *gate_path; // or until one byte comes out of this FIFO
    int gate;              // its descriptor
};

// Puts --work-ms and --work-gate into the command line.
void slow_add_options(struct slow *slow, struct options *options);

// Opens the gate, if there is one. Returns -1 and errno.
int slow_init(struct slow *slow);

// Does one piece of work: waits. Any thread.
void slow_work(const struct slow *slow);

#endif
