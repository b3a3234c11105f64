#ifndef THAW_LIB_SERVICE_REPORT_H
#define THAW_LIB_SERVICE_REPORT_H

// report.h - the lines that a server prints
//
//     stage5_queue listening on http://127.0.0.1:8080
//     worker 1: alice +100 = 300
//     stage5_queue stopped: 12 requests; events: 10 accepted, ...
//
// Any thread may call it: a line is printed whole. Nothing else in lib/ or in
// the stages' modules prints, but for options.c.

#include "lib/event/event.h"
#include "lib/base/options.h"
#include "lib/store/store.h"

// The first line, once connections can come; it remembers options->quiet for
// the lines to come. Returns -1 and errno.
int report_listening(const struct options *options, int listener);

// What became of one event, unless quiet. Whose work it was: "worker", 1; or,
// without a number, "thread", 0.
void report_event(const char *who, int number, const struct event *event,
                  enum store_result result, int64_t balance);

// While it stops, when all clients have their answers: the work that is left.
// Nothing is printed where there is none.
void report_stopping(const char *program);

// Instead of the last line, when a second signal ends the process at once: what
// is dropped. It may be called from a signal handler.
void report_dropped(const char *program);

// The last line: what was counted.
void report_tally(const char *program);

#endif
