#ifndef THAW_LAB_OVERLOAD_SENDING_H
#define THAW_LAB_OVERLOAD_SENDING_H

// sending.h - an open load: each event is sent when it is due
//
//     sending_init --> the server starts --> sending_run --> the server ends
//                      on_line: sending_on_line
//
// Each event has a client of its own, and so has each question how many events
// wait. There is one sending in a process: a line of the server has no context.

#include "lab/overload/summary.h"

struct sending {
    struct summary_event *events;
    int event_count;
    int sent, responses, accepted; // of the events
    int done;                      // lines that say so
    double waiting_sum;            // of all samples
    double waiting_max;
    int samples;
    double work; // for an event, in seconds, as the server says; 0: it does not
};

// Chooses the moments. False: there is no memory, which is noted.
bool sending_init(const struct overload_plan *plan, int events, double limit);

// For struct command: events that are done.
void sending_on_line(struct slice line);

// Sends all, and waits until all are done; or until the server has ended, or
// it prints no line, or `limit` seconds have passed.
const struct sending *sending_run(const struct server *server);

#endif
