#include "stage2_async/signals.h"
#include "lib/base/net.h"
#include "lib/service/report.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

// A handler has no context of its own, so this module has one for the process.
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "so that a handler may count");
static struct {
    int pipe[2];
    atomic_int count; // two signals may be handled in two threads
    const char *program;
    void (*stop)(void *context);
    void *context;
} signals;

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    if (atomic_fetch_add(&signals.count, 1) > 0) {
        report_dropped(signals.program);
        _exit(1);
    }
    // The pipe is empty, so there is room for one byte.
    if (write(signals.pipe[1], "!", 1) < 0)
        _exit(1);
    errno = saved;
}

static short on_byte(void *context, short revents)
{
    (void)context, (void)revents;
    char byte;
    if (read(signals.pipe[0], &byte, 1) == 1)
        signals.stop(signals.context);
    return POLLIN;
}

int signals_init(struct loop *loop, const char *program,
                 void stop(void *context), void *context)
{
    if (net_self_pipe(signals.pipe) < 0)
        return -1;
    signals.program = program;
    signals.stop = stop;
    signals.context = context;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    if (loop_register(loop, signals.pipe[0], on_byte, NULL) < 0 ||
        sigaction(SIGINT, &action, NULL) < 0 ||
        sigaction(SIGTERM, &action, NULL) < 0)
        return -1;
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL);
}
