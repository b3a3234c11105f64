// All loads at all stages, each in a process of its own, at the same time: the
// simulated work waits, so the processors have next to nothing to do.

#include "lab/overload/overload.h"
#include "lab/screen.h"
#include "lab/servers/stage.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPACITY = 20, WORKERS = 4, SERVERS_MAX = 3 };

static const char usual_loads[] = "0.2,0.5,0.8,0.9,1,1.2,1.5,2";

// A row that is measured by a child.
struct measurement {
    const struct overload_plan *plan;
    struct overload_row *row;
    pid_t child;
    int end; // of a pipe; -1: it is over
};

// The list "0.5,2". Returns how many; 0: one of them is no load, and this
// printed which.
static int read_loads(const char *list, double loads[OVERLOAD_ROWS])
{
    int count = 0;
    do {
        char *end;
        double load = strtod(list, &end);
        bool is_load = end != list && (*end == ',' || *end == '\0') &&
                       load >= 0.05 && load <= 5;
        if (!is_load || count == OVERLOAD_ROWS) {
            fprintf(stderr,
                    "lab overload: --loads: expected up to %d loads from 0.05 "
                    "to 5, got '%s'\n",
                    OVERLOAD_ROWS, list);
            return 0;
        }
        loads[count++] = load;
        list = *end == ',' ? end + 1 : NULL;
    } while (list != NULL);
    return count;
}

// The lab sets what the arithmetic needs to know.
static struct overload_plan plan_of(const struct overload_options *options,
                                    int stage)
{
    struct overload_plan plan = {.stage = stage,
                                 .workers = stage == 6 ? WORKERS : 1,
                                 .capacity = stage == 4 ? 0 : CAPACITY,
                                 .work_ms = options->work_ms,
                                 .seconds = options->seconds};
    if (options->name != NULL)
        plan.command = options->command;
    else
        stage_command(&plan.command, stage, NULL);
    return plan;
}

static void start(struct measurement *measurement, double load)
{
    int ends[2];
    measurement->end = -1;
    if (pipe(ends) < 0) {
        trouble_note_errno("pipe");
        return;
    }
    net_set_close_on_exec(ends[0]);
    net_set_close_on_exec(ends[1]);
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        static struct overload_row row;
        close(ends[0]);
        servers_end_with_parent(parent);
        overload_measure(measurement->plan, load, &row);
        bool is_written = write(ends[1], &row, sizeof row) == sizeof row;
        exit(is_written ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    measurement->child = child;
    measurement->end = ends[0];
    if (child < 0) {
        trouble_note_errno("fork");
        close(ends[0]);
        measurement->end = -1;
    }
}

// A row is written in one piece, which a pipe has room for.
static void finish(struct measurement *measurement)
{
    struct overload_row *row = measurement->row;
    if (read(measurement->end, row, sizeof *row) != sizeof *row)
        trouble_note("a process of the lab has ended too early");
    close(measurement->end);
    measurement->end = -1;
}

// Without all of them there is no table.
static void end_the_others(const struct measurement *all, int count)
{
    for (int i = 0; i < count; i++)
        if (all[i].end >= 0)
            kill(all[i].child, SIGTERM);
}

static void wait_for_all(struct measurement *all, int count, int expected_ms)
{
    struct pollfd polled[SERVERS_MAX * OVERLOAD_ROWS];
    int64_t began = clock_milliseconds();
    int left = 1;
    while (left > 0 && trouble() == NULL) {
        left = 0;
        for (int i = 0; i < count; i++) {
            polled[i] = (struct pollfd){.fd = all[i].end, .events = POLLIN};
            left += all[i].end >= 0;
        }
        int64_t ms = clock_milliseconds() - began;
        screen_progress("overload", ms < expected_ms ? (int)ms : expected_ms,
                        expected_ms);
        int ready = left > 0 ? poll(polled, (nfds_t)count, 200) : 0;
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            trouble_note_errno("poll");
        if (ready <= 0)
            continue;
        for (int i = 0; i < count; i++)
            if (all[i].end >= 0 && polled[i].revents != 0)
                finish(&all[i]);
    }
    screen_progress_end();
    if (trouble() != NULL)
        end_the_others(all, count);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

// The slowest is stage 4 at the highest load.
static int expected_ms(const struct overload_options *options,
                       const double *loads, int count)
{
    double highest = 1;
    for (int i = 0; i < count; i++)
        if (options->stages[3] && loads[i] > highest)
            highest = loads[i];
    return (int)(options->seconds * 1e3 * highest) + 1500;
}

static void measure_all(const struct overload_options *options,
                        const double *loads, int load_count,
                        struct overload_result *results, int count)
{
    static struct measurement all[SERVERS_MAX * OVERLOAD_ROWS];
    int started = 0;
    for (int i = 0; i < count; i++) {
        results[i].count = load_count;
        for (int j = 0; j < load_count; j++) {
            all[started] = (struct measurement){.plan = &results[i].plan,
                                                .row = &results[i].rows[j]};
            start(&all[started++], loads[j]);
        }
    }
    wait_for_all(all, started, expected_ms(options, loads, load_count));
}

static int tell_fault(const struct overload_result *results, int count)
{
    for (int i = 0; i < count; i++)
        for (int j = 0; j < results[i].count; j++) {
            const struct overload_row *row = &results[i].rows[j];
            if (row->fault[0] == '\0')
                continue;
            fprintf(stderr, "lab: %s at %.2f of its capacity: %s\n",
                    results[i].name, row->load, row->fault);
            return row->is_ours ? TROUBLE_EXIT : EXIT_FAILURE;
        }
    return EXIT_SUCCESS;
}

int overload(const struct overload_options *options)
{
    static struct overload_result results[SERVERS_MAX];
    double loads[OVERLOAD_ROWS];
    int count = 0;
    int load_count = read_loads(
        options->loads != NULL ? options->loads : usual_loads, loads);
    if (load_count == 0)
        return 2;
    for (int stage = 4; stage <= 6; stage++)
        if (options->stages[stage - 1])
            results[count++] = (struct overload_result){
                .plan = plan_of(options, stage),
                .name =
                    options->name != NULL ? options->name : stage_name(stage)};
    // poll(2) takes no more rows than descriptors are allowed.
    if (limits_allow_clients(count * load_count))
        measure_all(options, loads, load_count, results, count);
    if (trouble() != NULL) {
        fprintf(stderr, "lab: %s\n", trouble());
        return TROUBLE_EXIT;
    }
    int status = tell_fault(results, count);
    if (status != EXIT_SUCCESS)
        return status;
    if (options->is_json)
        overload_print_json(results, count);
    for (int i = 0; i < count && !options->is_json; i++)
        overload_print(&results[i]);
    if (!options->is_json)
        overload_print_legend(results, count);
    if (options->svg != NULL && overload_draw(results, count, options->svg) < 0)
        return trouble_with_file(options->svg);
    return EXIT_SUCCESS;
}
