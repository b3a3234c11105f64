#include "lab/tour.h"
#include "lab/experiments/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORK_MS = 500 };

static const struct stop {
    int stage;
    const char *experiment; // NULL: the stage is introduced
    const char *words;
    const char *mark; // what the result is: a pain, its cure, or neither
} stops[] = {
    {1, NULL, "Accepts, reads, responds, closes: one client after the other.",
     NULL},
    {1, "silent-clients",
     "20 clients are silent, one sends a good request:", "pain"},
    {2, NULL, "Still one thread, but it waits for all clients in poll(2).",
     NULL},
    {2, "silent-clients", "The same 20 silent clients:", "cure"},
    {2, "not-json", "It accepts any body. A client posts hello:", "pain"},
    {3, NULL, "Reads the body as an event, or says what is wrong with it.",
     NULL},
    {3, "not-json", "A client posts hello:", "cure"},
    {3, "ten-at-once",
     "Ten events at once, and nothing is done with them:", ""},
    {4, NULL, "An event costs 500 ms of work: a thread each, under one mutex.",
     NULL},
    {4, "ten-at-once",
     "Ten events at once are done one by one, in spite of ten threads:",
     "pain"},
    {4, "burst", "300 events at once, while the work takes for ever:", "pain"},
    {5, NULL, "A channel with room for 100 events, and one worker.", NULL},
    {5, "ten-at-once",
     "Ten events at once, accepted before they are done:", "cure"},
    {5, "burst", "300 events at once, while the work takes for ever:", "cure"},
    {5, "throughput", "How fast is one worker?", "pain"},
    {6, NULL, "The same channel, and four workers.", NULL},
    {6, "throughput", "How fast are four?", "cure"},
};

static void introduce(const struct stop *stop)
{
    printf("\n%d. %s\n   %s\n\n", stop->stage, stage_name(stop->stage),
           stop->words);
}

static bool visit(const struct stop *stop)
{
    struct run run;
    const struct experiment *experiment =
        experiment_find(&lessons, stop->experiment);
    printf("   %s\n", stop->words);
    fflush(stdout);
    experiment_perform(experiment, stop->stage, WORK_MS, &run);
    printf("   %6s  %s\n", stop->mark,
           run.detail[0] != '\0' ? run.detail : run.verdict);
    const char *expected = experiment->expected[stop->stage - 1];
    if (run.is_ours)
        printf("   %6s  this is not the server's fault\n", "!");
    if (strcmp(run.verdict, expected) == 0)
        return true;
    printf("   %6s  this should have been '%s', and was '%s'\n", "!", expected,
           run.verdict);
    return false;
}

int tour(void)
{
    bool is_good = true;
    printf("Six servers, each wrong in one way that the next one cures.\n");
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        if (stops[i].experiment == NULL)
            introduce(&stops[i]);
        else if (!visit(&stops[i]))
            is_good = false;
    }
    static const bool stages[SERVERS] = {true, true, true, true, true, true};
    const struct matrix_options all = {.work_ms = 100};
    printf("\nAll experiments, all stages; build/lab/lab list has the "
           "questions:\n\n");
    fflush(stdout);
    if (matrix_all(&lessons, stages, &all) != EXIT_SUCCESS)
        is_good = false;
    printf("\nGo on with README.md: it says what to read, stage by stage.\n");
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
