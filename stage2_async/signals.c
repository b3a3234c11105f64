#include "stage2_async/signals.h"
#include "lib/base/net.h"
#include "lib/base/process.h"
#include "lib/service/report.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

// A handler has no context of its own, so this module has one for the process.
static struct {
    int pipe[2];
    const char *program;
    void (*stop)(void *context);
    void *context;
} signals;

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    enum process_stop wish = process_stop();
    if (wish == PROCESS_STOP_NOW) {
        report_dropped(signals.program);
        _exit(1);
    }
    // The pipe is empty, so there is room for one byte.
    if (wish == PROCESS_STOP && write(signals.pipe[1], "!", 1) < 0)
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
    sigfillset(&action.sa_mask);
    if (loop_register(loop, signals.pipe[0], on_byte, NULL) < 0 ||
        sigaction(SIGINT, &action, NULL) < 0)
        return -1;
    return sigaction(SIGTERM, &action, NULL);
}
