#include "stage2_async/signals.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

// A handler has no context of its own, so this module has one for the process.
static struct {
    int pipe[2];
    atomic_int count; // two signals may be handled in two threads
    const char *program;
    void (*stop)(void *context);
    void *context;
} signals;

// Only functions that POSIX calls async-signal-safe: write, and no printf.
static void write_text(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    // Whoever reads the other end may have left; we are leaving too.
    if (write(STDERR_FILENO, text, length) < 0)
        return;
}

static void write_number(int64_t number)
{
    char digits[24];
    char *start = digits + sizeof digits;
    *--start = '\0';
    do
        *--start = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    write_text(start);
}

// The atomic numbers of metrics.c are lock-free, so a handler may read them.
static void say_what_is_dropped(void)
{
    int64_t accepted = metrics_get(METRIC_EVENTS_ACCEPTED);
    int64_t waiting = accepted - metrics_get(METRIC_EVENTS_DONE);
    write_text(signals.program);
    write_text(" stopped at once: dropped ");
    write_number(waiting > 0 ? waiting : 0);
    write_text(" accepted events and ");
    write_number(metrics_get(METRIC_OPEN_CONNECTIONS));
    write_text(" connections\n");
}

static void on_signal(int number)
{
    (void)number;
    int saved = errno;
    if (atomic_fetch_add(&signals.count, 1) > 0) {
        say_what_is_dropped();
        _exit(1);
    }
    // The pipe is empty, so there is room for one byte.
    if (write(signals.pipe[1], "!", 1) < 0)
        _exit(1);
    errno = saved;
}

static short on_byte(void *context, short revents)
{
    (void)context;
    (void)revents;
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
