#include "lib/base/process.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

static void reset_signals(void)
{
    static const int defaults[] = {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        sigaction(defaults[i], &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGXFSZ, &action, NULL);
    sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);
}

static void fill_standard_descriptors(void)
{
    int descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO)
        descriptor = open("/dev/null", O_RDWR);
    if (descriptor >= 0)
        close(descriptor);
}

static int64_t start_ms;

// By the clock that may be set: a clock_nanoseconds() means nothing elsewhere.
static void note_start(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        start_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t process_start_milliseconds(void)
{
    return start_ms;
}

// In a thread's first blocking call, the ThreadSanitizer of LLVM 14 allocates
// what it keeps signals in, and one that comes meanwhile is lost. So the main
// thread has its first one before a handler is set.
static void block_once(void)
{
    poll(NULL, 0, 0);
}

void process_init(void)
{
    block_once();
    note_start();
    reset_signals();
    fill_standard_descriptors();
}

static char fault[256] = "start";

int process_cannot(const char *format, ...)
{
    int saved = errno;
    char text[sizeof fault];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    printable_text(fault, sizeof fault, text);
    errno = saved;
    return -1;
}

const char *process_fault(void)
{
    return fault;
}

// A handler may use only such atomics. Zero: no signal came yet.
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "so that a handler may use it");
static atomic_uint first_ms;

// Two threads may be here at the same time, so now_ms may be before first_ms.
enum process_stop process_stop(void)
{
    unsigned first = 0;
    unsigned now_ms = (unsigned)clock_milliseconds() | 1;
    if (atomic_compare_exchange_strong(&first_ms, &first, now_ms))
        return PROCESS_STOP;
    return (int)(now_ms - first) < PROCESS_REPEAT_MS ? PROCESS_STOP_AGAIN
                                                     : PROCESS_STOP_NOW;
}
