#include "lab/experiments/experiment.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
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

const char *experiment_expected(const struct experiment *experiment, int server)
{
    return server == SKETCH ? experiment->sketch
                            : experiment->expected[server - 1];
}

bool run_is_expected(const struct run *run, const struct experiment *experiment)
{
    const char *expected = experiment_expected(experiment, run->stage.number);
    return !run->failed && strcmp(run->verdict, expected) == 0;
}

static bool is_stage_from(const struct run *run, int first)
{
    return run->stage.number >= first && run->stage.number <= STAGES;
}

bool run_has_loop(const struct run *run)
{
    return is_stage_from(run, 2);
}

bool run_has_work(const struct run *run)
{
    return is_stage_from(run, 4);
}

bool run_has_channel(const struct run *run)
{
    return is_stage_from(run, 5);
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
    bool is_sketch = run->stage.number == SKETCH;
    run->failed =
        stage_start(&run->stage, run->stage.number, is_sketch ? NULL : all) < 0;
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

int run_limit_ms(const struct run *run)
{
    enum { EVENTS = 100 }; // that are done one by one
    return LIMIT_MS + EVENTS * run->work_ms;
}

// Without the loop there is no graceful shutdown: SIGTERM ends the server, as
// it ends any program. That it runs until then is enough.
void run_stop(struct run *run)
{
    int wanted = run_has_loop(run) ? 0 : -1;
    int status = wanted;
    if (run->stage.pid > 0) {
        stage_signal(&run->stage, SIGTERM);
        status = stage_wait(&run->stage, run_limit_ms(run));
    }
    if (status == wanted)
        return;
    run->failed = true;
    run_verdict(run, "status %d", status);
}

// Whether the system allows what the experiment needs. Stage 4 has a thread for
// each event.
static bool is_allowed(const struct experiment *experiment, int server)
{
    enum { CLIENTS = 128, THREADS = 8 };
    int clients = experiment->clients > 0 ? experiment->clients : CLIENTS;
    return limits_allow_clients(clients) &&
           limits_allow_threads(server == 4 ? clients : THREADS);
}

// What the system denied the lab says nothing about the server.
static void judge_lab(struct run *run)
{
    if (trouble() == NULL)
        return;
    run->failed = true;
    run->is_ours = true;
    run->slowest_ms = -1;
    run_verdict(run, "not done");
    run_detail(run, "%s", trouble());
}

bool experiment_perform(const struct experiment *experiment, int server,
                        int work_ms, struct run *run)
{
    *run = (struct run){.stage.number = server, .work_ms = work_ms};
    trouble_clear();
    if (is_allowed(experiment, server)) {
        experiment->perform(run);
        run_stop(run);
    }
    judge_lab(run);
    return !run->failed;
}

// Performs it in a child process. Returns the end of a pipe from which the run
// can be read; -1 and sets errno.
static int perform_in_child(const struct experiment *experiment, int server,
                            int work_ms)
{
    int ends[2];
    if (pipe(ends) < 0) {
        trouble_note_errno("pipe");
        return -1;
    }
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        struct run run;
        close(ends[0]);
        net_set_close_on_exec(ends[1]);
        stage_end_with_parent(parent);
        experiment_perform(experiment, server, work_ms, &run);
        bool is_written = write(ends[1], &run, sizeof run) == sizeof run;
        exit(is_written ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ends[1]);
    if (child < 0) {
        trouble_note_errno("fork");
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
                            const bool servers[SERVERS], int work_ms,
                            struct run runs[SERVERS])
{
    int ends[SERVERS];
    trouble_clear();
    for (int i = 0; i < SERVERS; i++)
        if (servers[i])
            ends[i] = perform_in_child(experiment, i + 1, work_ms);
    for (int i = 0; i < SERVERS; i++) {
        if (!servers[i])
            continue;
        if (ends[i] < 0 || !read_run(ends[i], &runs[i])) {
            runs[i] = (struct run){.stage.number = i + 1, .failed = true};
            run_verdict(&runs[i], "not done");
            if (ends[i] < 0)
                judge_lab(&runs[i]);
        }
        if (ends[i] >= 0)
            close(ends[i]);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
}
