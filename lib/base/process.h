#ifndef THAW_LIB_BASE_PROCESS_H
#define THAW_LIB_BASE_PROCESS_H

// process.h - how a program starts, and why it cannot
//
// A shell, a wrapper or a job runner hands on more than arguments: blocked and
// ignored signals, closed descriptors, limits. So each program starts with
// process_init, and then knows what it has:
//
// * No signal is blocked. SIGINT, SIGTERM, SIGQUIT, SIGPIPE and SIGCHLD have
//   their default action, also in a background job that ignores Ctrl-C. SIGHUP
//   stays ignored where it was: nohup wants it so.
// * A file that may not grow (ulimit -f) is an error of write, and no SIGXFSZ.
// * Descriptors 0, 1 and 2 are open. Without them, the next socket would get
//   such a number, and printed lines would go to a client.

#include <stdint.h>

void process_init(void);

// When process_init was called, in milliseconds since 1970. 0: not yet.
int64_t process_start_milliseconds(void);

// What the start failed at, for die_starting: "open the FIFO gate". Returns -1
// and leaves errno alone, so that it can be the result of the function that
// failed.
__attribute__((format(printf, 1, 2))) int process_cannot(const char *format,
                                                         ...);

// What process_cannot was told last; without any call, "start".
const char *process_fault(void);

// A wish to stop may arrive as several signals: timeout(1) signals the program
// and then its group, and a wrapper passes on a Ctrl-C that the terminal has
// sent already. So what comes this soon after the first is the same wish.
enum { PROCESS_REPEAT_MS = 1000 };

enum process_stop {
    PROCESS_STOP,       // the first signal
    PROCESS_STOP_AGAIN, // the same wish
    PROCESS_STOP_NOW,   // another one: stop at once
};

// For the handler of SIGINT and SIGTERM, which calls it once for each signal.
enum process_stop process_stop(void);

#endif
