#ifndef THAW_LIB_SERVICE_REPORT_H
#define THAW_LIB_SERVICE_REPORT_H

// report.h - the lines that a server prints
//
//     stage5_queue listening on http://127.0.0.1:8080
//     worker 1: alice +100 = 300
//     worker 1: bob +100 failed: it would overflow the balance
//     stage5_queue stopped: 12 requests; events: 10 accepted, ...
//
// Any thread may call these functions: lines of two threads do not mix. In
// lib/, only options.c and observe.c print, too.

#include "lib/event/event.h"
#include "lib/base/options.h"
#include "lib/store/store.h"

// The first line: clients can connect. With options->quiet, report_event prints
// nothing from now on. Returns -1 and sets errno.
int report_listening(const struct options *options, int listener);

// Accepted events are stored, in `place`, and outlive the process: so nothing
// that ends it drops them, and the lines below say so. `restored` of them are
// back from there; a line says how many, if there are any.
void report_stored(const char *program, const char *place, size_t restored);

// The result of one event. Call this without a lock, because the terminal may
// take its time. So the lines of several workers may be reordered. A line
// starts with the thread's role and number, "worker 1", or with the role alone
// if the number is 0.
void report_event(const char *role, int number, const struct event *event,
                  enum store_result result, int64_t balance);

// During the graceful shutdown: what is not done, and what another signal
// does. Prints one line, once, and none if all is done.
void report_stopping(const char *program, int requests);

// Instead of the last line, when a second signal ends the process at once: what
// is dropped. A signal handler may call it. It does not wait for who reads the
// line: if there is no room for it, it says nothing.
void report_dropped(const char *program);

// The last line: the tally of requests and events. Of the accepted ones it says
// how many are done and how many failed, if the server works on them.
void report_tally(const char *program);

#endif
