#include "lab/experiments/matrix.h"
#include "lab/experiments/matrix_print.h"
#include "lab/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int matrix_try(const struct experiment *experiment, const bool stages[STAGES],
               const struct matrix_options *options)
{
    int status = EXIT_SUCCESS;
    int tried = 0;
    json_t *all = json_array();
    bool is_text = options->format != MATRIX_JSON;
    if (is_text)
        printf("%s\n\n%-15s  %-10s %8s %6s %6s\n", experiment->question, "",
               "verdict", "ms", "in", "503");
    for (int stage = 1; stage <= STAGES; stage++) {
        struct run run;
        if (!stages[stage - 1] || !experiment_applies(experiment, stage))
            continue;
        screen_progress(stage_name(stage), stage - 1, STAGES);
        experiment_perform(experiment, stage, options->work_ms, &run);
        screen_progress_end();
        tried++;
        json_array_append_new(all, matrix_to_json(experiment, &run));
        if (is_text)
            matrix_print_row(&run);
        if (!run_is_expected(&run, experiment)) {
            matrix_tell_failure(experiment, &run);
            status = EXIT_FAILURE;
        }
    }
    if (is_text && tried == 0)
        printf("(the question makes no sense there)\n");
    if (is_text)
        printf("\nby hand, at a server that ./workshop run N started:\n%s",
               experiment->by_hand);
    if (is_text)
        json_decref(all);
    else
        matrix_print_json(all);
    return status;
}

static void perform_one_by_one(const struct experiment *experiment,
                               const bool stages[STAGES], int work_ms,
                               struct run runs[STAGES])
{
    for (int i = 0; i < STAGES; i++) {
        bool one[STAGES] = {false};
        one[i] = stages[i];
        experiment_perform_all(experiment, one, work_ms, runs);
    }
}

// Performs an experiment against the wanted stages, in parallel if the table
// allows that. Returns how many stages did not show the expected verdict.
static int perform(const struct table *table,
                   const struct experiment *experiment,
                   const bool wanted[STAGES], int work_ms,
                   struct run runs[STAGES])
{
    bool stages[STAGES];
    int faults = 0;
    int number = (int)(experiment - table->rows);
    screen_progress(experiment->name, number, table->count);
    for (int i = 0; i < STAGES; i++)
        stages[i] = wanted[i] && experiment_applies(experiment, i + 1);
    if (number < table->parallel)
        experiment_perform_all(experiment, stages, work_ms, runs);
    else
        perform_one_by_one(experiment, stages, work_ms, runs);
    screen_progress_end();
    for (int i = 0; i < STAGES; i++)
        if (stages[i] && !run_is_expected(&runs[i], experiment)) {
            matrix_tell_failure(experiment, &runs[i]);
            faults++;
        }
    return faults;
}

int matrix_all(const struct table *table, const bool stages[STAGES],
               const struct matrix_options *options)
{
    static const bool everywhere[STAGES] = {true, true, true, true, true, true};
    json_t *all = json_array();
    int faults = 0;
    if (stages == NULL)
        stages = everywhere;
    matrix_print_heading(options->format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *row = &table->rows[i];
        struct run runs[STAGES] = {0};
        faults += perform(table, row, stages, options->work_ms, runs);
        matrix_print_experiment(row, runs, options->format, all);
    }
    if (options->format == MATRIX_JSON)
        matrix_print_json(all);
    else
        json_decref(all);
    if (faults > 0)
        fprintf(stderr, "\n%d not as expected\n", faults);
    return faults > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int matrix_list(const struct table *table, enum matrix_format format)
{
    if (format == MATRIX_MARKDOWN)
        matrix_print_heading(format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *experiment = &table->rows[i];
        struct run runs[STAGES] = {0};
        for (int j = 0; j < STAGES; j++)
            if (experiment_applies(experiment, j + 1))
                snprintf(runs[j].verdict, sizeof runs[j].verdict, "%s",
                         experiment->expected[j]);
        if (format == MATRIX_MARKDOWN)
            matrix_print_markdown(experiment, runs);
        else
            printf("%s\n    %s\n", experiment->name, experiment->question);
    }
    return EXIT_SUCCESS;
}

int matrix_diff(int one, int two, const struct matrix_options *options)
{
    bool stages[STAGES] = {false};
    json_t *all = json_array();
    int faults = 0;
    stages[one - 1] = true;
    stages[two - 1] = true;
    for (int i = 0; i < lessons.count && one != two; i++) {
        const struct experiment *experiment = &lessons.rows[i];
        struct run runs[STAGES] = {0};
        if (!experiment_applies(experiment, one) ||
            !experiment_applies(experiment, two))
            continue;
        faults += perform(&lessons, experiment, stages, options->work_ms, runs);
        if (strcmp(runs[one - 1].verdict, runs[two - 1].verdict) == 0)
            continue;
        if (options->format == MATRIX_JSON)
            matrix_print_experiment(experiment, runs, MATRIX_JSON, all);
        else
            matrix_print_difference(experiment, &runs[one - 1], &runs[two - 1]);
    }
    if (options->format == MATRIX_JSON)
        matrix_print_json(all);
    else
        json_decref(all);
    if (options->format != MATRIX_JSON && one != two)
        printf("\nthe code: ./workshop diff %d %d\n", one, two);
    return faults > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
