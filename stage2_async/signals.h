#ifndef THAW_STAGE2_ASYNC_SIGNALS_H
#define THAW_STAGE2_ASYNC_SIGNALS_H

// signals.h - SIGINT and SIGTERM: an orderly stop, and then a quick one
//
//     signal --> handler --> [pipe] --> loop --> callback
//
// * The first signal becomes a byte in a pipe that the loop watches, because a
//   signal handler may do next to nothing (POSIX.1-2008, 2.4.3), and the loop
//   may do everything.
// * The second ends the process at once, with status 1, and says what was
//   dropped. The handler does that itself: by then the loop may be over, and
//   the main thread waiting for jobs that take too long for somebody.

#include "stage2_async/loop.h"

// `stop` is called on the loop's thread, once. SIGPIPE is ignored from now on.
// `program` is for the words of the second signal. Returns -1 and errno.
int signals_init(struct loop *loop, const char *program,
                 void stop(void *context), void *context);

#endif
