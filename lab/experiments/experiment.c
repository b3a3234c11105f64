#include "lab/experiments/experiment.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/net.h"

#include <signal.h>
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

// Of a server beyond the stages; NULL: that of stage 6.
static const char *own_verdict(const struct experiment *experiment, int server)
{
    switch (server) {
    case LANES:
        return experiment->lanes;
    case DURABLE:
        return experiment->durable;
    case SHARED:
        return experiment->shared;
    default:
        return NULL;
    }
}

const char *experiment_expected(const struct experiment *experiment, int server)
{
    if (server == SKETCH)
        return experiment->sketch;
    if (server <= STAGES)
        return experiment->expected[server - 1];
    const char *own = own_verdict(experiment, server);
    return own != NULL ? own : experiment->expected[STAGES - 1];
}

bool experiment_makes(const struct experiment *experiment, int server)
{
    const char *makes = experiment->makes;
    int stage = server <= STAGES ? server : STAGES;
    return own_verdict(experiment, server) != NULL ||
           (makes != NULL && strchr(makes, '0' + stage) != NULL);
}

const char *experiment_exit(int server)
{
    return experiment_expected(experiment_find(&lessons, "exit"), server);
}

bool run_is_expected(const struct run *run, const struct experiment *experiment)
{
    int server = run->subject->number;
    return !run->failed && !run->died &&
           strcmp(run->verdict, experiment_expected(experiment, server)) == 0 &&
           strcmp(run->exit, experiment_exit(server)) == 0;
}

// Whether the system allows the threads of a server of ours. Stage 4 has one
// for each event, the others have their workers.
static bool is_allowed_threads(const struct experiment *experiment, int server)
{
    switch (server) {
    case 4:
        return limits_allow_threads(experiment->events, LIMITS_STACK);
    case 5:
        return limits_allow_threads(1, 0);
    case 6:
    case LANES:
    case SHARED:
        return limits_allow_threads(4, 0);
    case DURABLE:
        return limits_allow_threads(5, 0); // and one for the database
    default:
        return true;
    }
}

// Whether the system allows what the experiment needs. It is not known what a
// server that is not ours has open besides its clients.
static bool is_allowed(const struct experiment *experiment,
                       const struct subject *subject)
{
    enum { CLIENTS = 2 };
    int clients = experiment->clients > 0 ? experiment->clients : CLIENTS;
    if (subject->number == 0)
        clients += LIMITS_OTHERS_MORE;
    return limits_allow_clients(clients) &&
           is_allowed_threads(experiment, subject->number);
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

bool experiment_perform(const struct experiment *experiment,
                        const struct subject *subject, int work_ms,
                        struct run *run)
{
    *run = (struct run){.subject = subject, .work_ms = work_ms};
    trouble_clear();
    if (is_allowed(experiment, subject)) {
        experiment->perform(run);
        run_stop(run);
    }
    judge_lab(run);
    return !run->failed;
}

// Performs it in a child process. Returns the end of a pipe from which the run
// can be read; -1 and notes the trouble.
static int perform_in_child(const struct experiment *experiment,
                            const struct subject *subject, int work_ms)
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
        static struct run run;
        close(ends[0]);
        net_set_close_on_exec(ends[1]);
        servers_end_with_parent(parent);
        experiment_perform(experiment, subject, work_ms, &run);
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
    static struct subject subjects[SERVERS];
    int ends[SERVERS];
    trouble_clear();
    for (int i = 0; i < SERVERS; i++)
        subject_of_stage(&subjects[i], i + 1);
    for (int i = 0; i < SERVERS; i++)
        if (servers[i])
            ends[i] = perform_in_child(experiment, &subjects[i], work_ms);
    for (int i = 0; i < SERVERS; i++) {
        if (!servers[i])
            continue;
        if (ends[i] < 0 || !read_run(ends[i], &runs[i])) {
            if (trouble() == NULL)
                trouble_note("a process of the lab has ended too early");
            runs[i] = (struct run){.subject = &subjects[i]};
            judge_lab(&runs[i]);
        }
        if (ends[i] >= 0)
            close(ends[i]);
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
}
