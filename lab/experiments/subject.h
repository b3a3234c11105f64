#ifndef THAW_LAB_EXPERIMENTS_SUBJECT_H
#define THAW_LAB_EXPERIMENTS_SUBJECT_H

// subject.h - a server that is asked: how to start it, and what it has
//
// A server need not have all that an experiment uses. What our own servers have
// is a table here; what another has, the lab finds out (lab/judge/probe.h).

#include "lab/servers/stage.h"

enum {
    HAS_RESPONSE = 1 << 0,   // to GET /health, whatever its status
    HAS_KEEP_ALIVE = 1 << 1, // a second one, on the same connection
    HAS_EVENTS = 1 << 2,     // POST / of an event: 200 or 202
    HAS_ECHO = 1 << 3,       // and the response has the body of the request
    HAS_EARLY = 1 << 4,      // the response comes before the work
    HAS_WORK = 1 << 5,       // an event costs WORK_MS
    HAS_GATE = 1 << 6,       // or a byte from WORK_GATE
    HAS_METRICS = 1 << 7,    // GET /metrics has thaw_events_done_total
    HAS_BALANCES = 1 << 8,   // GET /balances has what the events changed
    HAS_LINES = 1 << 9,      // it prints ": alice +2 = 3" for each change
    HAS_RESTART = 1 << 10,   // the lab starts it, and so can set and signal it
    HAS_TRACE = 1 << 11,     // it writes the file TRACE
};

struct subject {
    int number; // stage.h; 0: not one of ours
    const char *name;
    struct command command;
    unsigned has; // a sum of HAS_
};

// One of our own.
void subject_of_stage(struct subject *subject, int number);

#endif
