#ifndef THAW_STAGE2_ASYNC_SIGNALS_H
#define THAW_STAGE2_ASYNC_SIGNALS_H

// signals.h - SIGINT and SIGTERM: a graceful shutdown, then an immediate one
//
//     signal --> handler --> [self-pipe] --> loop --> callback
//
// * The first signal becomes a byte in a pipe, because a handler may call few
//   functions (POSIX.1-2008, XSH 2.4.3), and a callback of the loop any.
// * The second ends the process at once, with status 1, and says what is
//   dropped: by then the loop may have ended, and main waits for the workers.
//   One that comes within a second is still the first wish (process.h).

#include "stage2_async/loop.h"

// Calls `stop` once, on the loop's thread. `program` is for the last words.
// Returns -1 and sets errno.
int signals_init(struct loop *loop, const char *program,
                 void stop(void *context), void *context);

#endif
