#include "stage4_slow/simulated_work.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"
#include "lib/base/process.h"
#include "lib/base/trace.h"
#include "lib/service/durations.h"
#include "lib/service/metrics.h"
#include "stage4_slow/computing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool is_gate(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISFIFO(status.st_mode) &&
           access(path, R_OK | W_OK) == 0;
}

void simulated_work_add_options(struct simulated_work *work,
                                struct options *options)
{
    *work = (struct simulated_work){.milliseconds = 500, .gate = -1};
    options_add_setting(options, "--work-ms", &work->milliseconds, 0, 3600000,
                        "milliseconds of work for one event");
    options_add_setting(options, "--work-cpu", &work->cpu_ms, 0, 3600000,
                        "milliseconds of computing instead, 0: it waits");
    options_add_text(options, "--work-gate", "FIFO", &work->gate_path,
                     "finish one event for each byte in it");
    options->rows[options->count - 1].accepts = is_gate;
    options->rows[options->count - 1].expected =
        "a FIFO to read and write (see mkfifo)";
    options->rows[options->count - 1].is_setting = true;
}

// Nothing is written here. But while the FIFO is open for writing, a read waits
// for a byte instead of reporting the end. POSIX does not define O_RDWR for a
// FIFO; Linux and macOS do.
int simulated_work_init(struct simulated_work *work)
{
    metrics_set_work();
    if (work->cpu_ms > 0)
        work->steps = work->cpu_ms * computing_steps_per_ms();
    if (work->gate_path == NULL)
        return 0;
    work->gate = open(work->gate_path, O_RDWR);
    return work->gate < 0 ? process_cannot("open the FIFO %s", work->gate_path)
                          : net_set_close_on_exec(work->gate);
}

static void wait_for_byte(int gate)
{
    char byte;
    while (read(gate, &byte, 1) < 0 && errno == EINTR)
        ;
}

static void wait_for_time(int milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = milliseconds % 1000 * 1000000L};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

void simulated_work_run(const struct simulated_work *work, int64_t since)
{
    int64_t start = clock_nanoseconds();
    if (since != 0)
        durations_add(DURATION_EVENT_WAIT, start - since);
    if (work->gate >= 0)
        wait_for_byte(work->gate);
    else if (work->cpu_ms > 0)
        computing_run(work->steps);
    else if (work->milliseconds > 0)
        wait_for_time(work->milliseconds);
    trace_span("work", start);
    metrics_add(METRIC_WORK_NANOSECONDS, clock_nanoseconds() - start);
}
