#ifndef THAW_LAB_JUDGE_PROBE_PRIVATE_H
#define THAW_LAB_JUDGE_PROBE_PRIVATE_H

// probe_private.h - what the files of the probe share

#include "lab/experiments/run.h"
#include "lab/judge/probe.h"

enum { PROBE_CLIENTS = 20 }; // at the same time, at most

#define PROBE_EVENT "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 1}"

enum {
    WORK_MS = 1000,   // so much that no response without work takes it
    NO_WORK_MS = 950, // what is done sooner was not worked on
    LINE_MS = 1000,   // for a line to come out of the pipe
    FIRST_MS = 5000,  // for a first response, on a busy machine
};

struct probing {
    struct subject *subject;
    struct probe *probe;
    struct run run;
    struct client client; // which posted the event
};

// Sets what was seen, and whether the server has this.
__attribute__((format(printf, 4, 5))) void probe_set(struct probing *probing,
                                                     unsigned ability,
                                                     bool is_there,
                                                     const char *format, ...);

// Whether something says that the event is done, and it was long enough.
void probe_work(struct probing *probing);

// With the smallest channel and long work: if some events are rejected, the
// others are worked on.
void probe_rejections(struct probing *probing);

// Three bytes, one event: two must be left.
void probe_gate(struct probing *probing);

#endif
