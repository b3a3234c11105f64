#include "lab/experiments/matrix.h"
#include "lab/experiments/by_hand.h"
#include "lab/experiments/matrix_print.h"
#include "lab/screen.h"
#include "lab/trouble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The exit status: a fault of a server counts more than one of the lab.
static int status_of(int faults, int ours)
{
    if (faults > ours)
        return EXIT_FAILURE;
    return ours > 0 ? TROUBLE_EXIT : EXIT_SUCCESS;
}

static const char *start_of(const struct experiment *experiment)
{
    return experiment->server != NULL ? experiment->server : "./workshop run N";
}

static void print_by_hand(const struct experiment *experiment, int server)
{
    const char *start = server == SKETCH ? "build/stage2_async/stage2_sketch"
                                         : start_of(experiment);
    char text[BY_HAND_SIZE];
    by_hand_commands(experiment, by_hand_port(), text);
    printf("\nby hand, at a server on port %d, which this started:\n%s\n",
           by_hand_port(), start);
    printf("\nthen, in another terminal:\n%s", text);
    printf("\nwhat it shows:\n%s", experiment->shows);
}

int matrix_try(const struct experiment *experiment, const bool servers[SERVERS],
               const struct matrix_options *options)
{
    int faults = 0;
    int ours = 0;
    int first = 0; // that was tried
    json_t *all = json_array();
    bool is_text = options->format != MATRIX_JSON;
    if (is_text)
        printf("%s\n\n%-15s  %-10s %8s %6s %6s\n", experiment->question, "",
               "verdict", "ms", "in", "503");
    for (int server = 1; server <= SERVERS; server++) {
        static struct run run;
        static struct subject subject;
        if (!servers[server - 1] ||
            experiment_expected(experiment, server) == NULL)
            continue;
        screen_progress(stage_name(server), server - 1, SERVERS);
        subject_of_stage(&subject, server);
        experiment_perform(experiment, &subject, options->work_ms, &run);
        screen_progress_end();
        first = first == 0 ? server : first;
        json_array_append_new(all, matrix_to_json(experiment, &run));
        if (is_text)
            matrix_print_row(&run);
        if (!run_is_expected(&run, experiment)) {
            matrix_tell_failure(experiment, &run);
            faults++;
            ours += run.is_ours;
        }
    }
    if (is_text && first == 0)
        printf("(the question makes no sense there)\n");
    if (is_text) {
        print_by_hand(experiment, first);
        json_decref(all);
    } else {
        matrix_print_json(all);
    }
    return status_of(faults, ours);
}

static void perform_one_by_one(const struct experiment *experiment,
                               const bool servers[SERVERS], int work_ms,
                               struct run runs[SERVERS])
{
    for (int i = 0; i < SERVERS; i++) {
        bool one[SERVERS] = {false};
        one[i] = servers[i];
        experiment_perform_all(experiment, one, work_ms, runs);
    }
}

// Performs an experiment against the wanted servers, in parallel if the table
// allows that. Returns how many did not show the expected verdict; adds to
// `ours` how many of these are the lab's own fault.
static int perform(const struct table *table,
                   const struct experiment *experiment,
                   const bool wanted[SERVERS], int work_ms,
                   struct run runs[SERVERS], int *ours)
{
    bool servers[SERVERS];
    int faults = 0;
    int number = (int)(experiment - table->rows);
    screen_progress(experiment->name, number, table->count);
    for (int i = 0; i < SERVERS; i++)
        servers[i] =
            wanted[i] && experiment_expected(experiment, i + 1) != NULL;
    if (number < table->parallel)
        experiment_perform_all(experiment, servers, work_ms, runs);
    else
        perform_one_by_one(experiment, servers, work_ms, runs);
    screen_progress_end();
    for (int i = 0; i < SERVERS; i++)
        if (servers[i] && !run_is_expected(&runs[i], experiment)) {
            matrix_tell_failure(experiment, &runs[i]);
            faults++;
            *ours += runs[i].is_ours;
        }
    return faults;
}

static bool applies(const struct experiment *experiment,
                    const bool servers[SERVERS])
{
    for (int i = 0; i < SERVERS; i++)
        if (servers[i] && experiment_expected(experiment, i + 1) != NULL)
            return true;
    return false;
}

int matrix_all(const struct table *table, const bool servers[SERVERS],
               const struct matrix_options *options)
{
    json_t *all = json_array();
    int faults = 0;
    int ours = 0;
    matrix_print_heading(servers, options->format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *row = &table->rows[i];
        struct run runs[SERVERS] = {0};
        if (!applies(row, servers))
            continue;
        faults += perform(table, row, servers, options->work_ms, runs, &ours);
        matrix_print_experiment(row, servers, runs, options->format, all);
    }
    if (options->format == MATRIX_JSON)
        matrix_print_json(all);
    else
        json_decref(all);
    if (faults > ours)
        fprintf(stderr, "\n%d not as expected\n", faults - ours);
    if (ours > 0)
        fprintf(stderr, "\n%d not done\n", ours);
    return status_of(faults, ours);
}

static void fill_with_expected(const struct experiment *experiment,
                               struct run runs[SERVERS])
{
    for (int i = 0; i < SERVERS; i++) {
        const char *expected = experiment_expected(experiment, i + 1);
        if (expected != NULL)
            snprintf(runs[i].verdict, sizeof runs[i].verdict, "%s", expected);
    }
}

static void list_as_json(const struct table *table, const bool servers[SERVERS])
{
    json_t *all = json_array();
    for (int i = 0; i < table->count; i++) {
        const struct experiment *experiment = &table->rows[i];
        char by_hand[BY_HAND_SIZE];
        by_hand_commands(experiment, by_hand_port(), by_hand);
        if (applies(experiment, servers))
            json_array_append_new(
                all,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "experiment",
                          experiment->name, "question", experiment->question,
                          "server", start_of(experiment), "by_hand", by_hand,
                          "shows", experiment->shows));
    }
    matrix_print_json(all);
}

int matrix_list(const struct table *table, const bool servers[SERVERS],
                enum matrix_format format)
{
    if (format == MATRIX_JSON) {
        list_as_json(table, servers);
        return EXIT_SUCCESS;
    }
    if (format == MATRIX_MARKDOWN)
        matrix_print_heading(servers, format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *experiment = &table->rows[i];
        struct run runs[SERVERS] = {0};
        if (!applies(experiment, servers))
            continue;
        fill_with_expected(experiment, runs);
        if (format == MATRIX_MARKDOWN)
            matrix_print_markdown(experiment, servers, runs);
        else
            printf("%s\n    %s\n", experiment->name, experiment->question);
    }
    return EXIT_SUCCESS;
}

int matrix_diff(int one, int two, const struct matrix_options *options)
{
    bool servers[SERVERS] = {false};
    json_t *all = json_array();
    int faults = 0;
    int ours = 0;
    servers[one - 1] = true;
    servers[two - 1] = true;
    for (int i = 0; i < lessons.count && one != two; i++) {
        const struct experiment *experiment = &lessons.rows[i];
        struct run runs[SERVERS] = {0};
        if (experiment_expected(experiment, one) == NULL ||
            experiment_expected(experiment, two) == NULL)
            continue;
        faults += perform(&lessons, experiment, servers, options->work_ms, runs,
                          &ours);
        if (strcmp(runs[one - 1].verdict, runs[two - 1].verdict) == 0)
            continue;
        if (options->format == MATRIX_JSON)
            matrix_print_experiment(experiment, servers, runs, MATRIX_JSON,
                                    all);
        else
            matrix_print_difference(experiment, &runs[one - 1], &runs[two - 1]);
    }
    if (options->format == MATRIX_JSON)
        matrix_print_json(all);
    else
        json_decref(all);
    if (options->format != MATRIX_JSON && one != two)
        printf("\nthe code: ./workshop diff %s %s\n", stage_word(one),
               stage_word(two));
    return status_of(faults, ours);
}
