// shared_worker - workers alone: no port, and no clients
//
// Start as many as you like, on any machine that reaches the database. The
// tables must be there, or it makes them, as a front end does.

#include "beyond/shared/notices.h"
#include "beyond/shared/queue.h"
#include "beyond/shared/schema.h"
#include "beyond/shared/worker.h"
#include "lib/base/die.h"
#include "lib/base/trace.h"
#include "lib/service/service.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct place place;
static struct workers workers;

// The first signal lets the workers finish what they have (process.h).
static void on_signal(int number)
{
    (void)number;
    enum process_stop wish = process_stop();
    if (wish == PROCESS_STOP)
        workers_stop(&workers);
    if (wish == PROCESS_STOP_NOW)
        _exit(1);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

// There is no port to listen on.
static void remove_port_options(struct options *options)
{
    enum { FIRST = 2 }; // after --bind and --port
    options->count -= FIRST;
    memmove(options->rows, options->rows + FIRST,
            (size_t)options->count * sizeof *options->rows);
}

int main(int argc, char **argv)
{
    int wait_ms = 5000;
    char fault[SCHEMA_FAULT_SIZE];
    struct options options;
    options_init(&options, "shared_worker",
                 "workers for a queue in a database");
    remove_port_options(&options);
    workers_add_options(&workers, &options);
    place_add_options(&place, &options);
    options_add_setting(&options, "--start-timeout-ms", &wait_ms, 0, 3600000,
                        "for a database that is not there yet");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    int status = schema_open(&place, wait_ms, fault);
    if (status != 0) {
        fprintf(stderr, "%s: %s\n", options.program, fault);
        return status;
    }
    if (simulated_work_init(&workers.simulated_work) < 0 ||
        trace_open(options.trace, options.program) < 0 ||
        workers_start(&workers, &place, options.quiet) < 0)
        die_starting(&options);
    catch_signals();
    notices_working(options.program, workers.count, place.schema);
    workers_wait(&workers);
    notices_stopping(options.program, metrics_get(METRIC_BUSY_WORKERS));
    workers_join(&workers);
    notices_left(options.program, queue_waiting(&place));
    notices_worked(options.program, metrics_get(METRIC_EVENTS_DONE),
                   metrics_get(METRIC_EVENTS_FAILED));
    return 0;
}
