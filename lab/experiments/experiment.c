#include "lab/experiments/experiment.h"
#include "lib/base/net.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const struct experiment *experiment_find(const struct table *table,
                                         const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

bool experiment_applies(const struct experiment *experiment, int stage)
{
    return experiment->expected[stage - 1] != NULL;
}

bool run_is_expected(const struct run *run, const struct experiment *experiment)
{
    const char *expected = experiment->expected[run->stage.number - 1];
    return !run->failed && strcmp(run->verdict, expected) == 0;
}

bool run_has_work(const struct run *run)
{
    return run->stage.number >= 4;
}

bool run_has_channel(const struct run *run)
{
    return run->stage.number >= 5;
}

static bool start(struct run *run, const char *const *arguments, bool is_quiet)
{
    const char *all[STAGE_ARGUMENTS_MAX];
    char work[16];
    int count = 0;
    snprintf(work, sizeof work, "%d", run->work_ms);
    if (is_quiet)
        all[count++] = "--quiet";
    if (run_has_work(run)) {
        all[count++] = "--work-ms";
        all[count++] = work;
    }
    for (int i = 0; arguments != NULL && arguments[i] != NULL; i++)
        all[count++] = arguments[i];
    all[count] = NULL;
    run->failed = stage_start(&run->stage, run->stage.number, all) < 0;
    if (run->failed)
        run_verdict(run, "did not start");
    return !run->failed;
}

bool run_start(struct run *run, const char *const *arguments)
{
    return start(run, arguments, true);
}

bool run_start_printing(struct run *run, const char *const *arguments)
{
    return start(run, arguments, false);
}

bool run_open_gate(struct run *run, struct gate *gate)
{
    run->failed = gate_open(gate) < 0;
    if (run->failed)
        run_verdict(run, "no FIFO in /tmp");
    return !run->failed;
}

void run_verdict(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->verdict, sizeof run->verdict, format, arguments);
    va_end(arguments);
}

void run_detail(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->detail, sizeof run->detail, format, arguments);
    va_end(arguments);
}

double run_good_request(const struct run *run)
{
    struct client client;
    double ms = -1;
    if (client_request_once(&client, run->stage.port, "GET", "/health", NULL,
                            PATIENCE_MS))
        ms = client_ms(&client);
    client_close(&client);
    return ms;
}

// Stage 1 has no graceful shutdown: SIGTERM ends it, as it ends any program.
// That it runs until then is enough.
void run_stop(struct run *run)
{
    int wanted = run->stage.number == 1 ? -1 : 0;
    int status = run->stage.pid > 0 ? stage_stop(&run->stage) : wanted;
    if (status == wanted)
        return;
    run->failed = true;
    run_verdict(run, "status %d", status);
}

bool experiment_perform(const struct experiment *experiment, int stage,
                        int work_ms, struct run *run)
{
    *run = (struct run){.stage.number = stage, .work_ms = work_ms};
    experiment->perform(run);
    run_stop(run);
    return !run->failed;
}

// Performs it in a child process. Returns the end of a pipe from which the run
// can be read; -1 and errno.
static int perform_in_child(const struct experiment *experiment, int stage,
                            int work_ms)
{
    int ends[2];
    if (pipe(ends) < 0)
        return -1;
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        struct run run;
        close(ends[0]);
        net_set_close_on_exec(ends[1]);
        stage_end_with_parent(parent);
        experiment_perform(experiment, stage, work_ms, &run);
        bool is_written = write(ends[1], &run, sizeof run) == sizeof run;
        exit(is_written ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -1;
    }
    return ends[0];
}

static bool read_run(int end, struct run *run)
{
    size_t length = 0;
    while (length < sizeof *run) {
        ssize_t count = read(end, (char *)run + length, sizeof *run - length);
        if (count <= 0)
            return false;
        length += (size_t)count;
    }
    return true;
}

void experiment_perform_all(const struct experiment *experiment,
                            const bool stages[STAGES], int work_ms,
                            struct run runs[STAGES])
{
    int ends[STAGES];
    for (int i = 0; i < STAGES; i++)
        if (stages[i])
            ends[i] = perform_in_child(experiment, i + 1, work_ms);
    for (int i = 0; i < STAGES; i++) {
        if (!stages[i])
            continue;
        if (ends[i] < 0 || !read_run(ends[i], &runs[i])) {
            runs[i] = (struct run){.stage.number = i + 1, .failed = true};
            run_verdict(&runs[i], "not done");
        }
        if (ends[i] >= 0)
            close(ends[i]);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
}
