#include "lab/matrix.h"
#include "lab/screen.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_expected(const struct experiment *experiment,
                        const struct run *run)
{
    const char *expected = experiment->expected[run->stage.number - 1];
    return !run->failed && strcmp(run->verdict, expected) == 0;
}

static bool applies(const struct experiment *experiment, int stage)
{
    return experiment->expected[stage - 1] != NULL;
}

// What came, what was expected, and how to see it again.
static void tell_failure(const struct experiment *experiment,
                         const struct run *run)
{
    int stage = run->stage.number;
    fflush(stdout);
    fprintf(stderr,
            "\n%s, %s: %s\n  expected: %s\n  it was:   %s, %s\n"
            "  again:    build/lab/lab try %s %d\n",
            stage_name(stage), experiment->name, experiment->question,
            experiment->expected[stage - 1], run->verdict, run->detail,
            experiment->name, stage);
    if (run->stage.printed[0] != '\0')
        fprintf(stderr, "  the server printed:\n%s", run->stage.printed);
}

static json_t *to_json(const struct experiment *experiment,
                       const struct run *run)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:f, s:i, s:i}", "experiment",
                     experiment->name, "stage", run->stage.number, "verdict",
                     run->verdict, "expected",
                     experiment->expected[run->stage.number - 1], "detail",
                     run->detail, "slowest_ms", run->slowest_ms, "accepted",
                     run->accepted, "rejected", run->rejected);
}

static void print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(json);
}

static void print_number(int number)
{
    if (number > 0)
        printf("%6d ", number);
    else
        printf("%6s ", "");
}

static void print_row(const struct run *run)
{
    char ms[16] = "none";
    if (run->slowest_ms >= 0)
        snprintf(ms, sizeof ms, "%.1f", run->slowest_ms);
    printf("%-15s  %-9s %8s ", stage_name(run->stage.number), run->verdict, ms);
    print_number(run->accepted);
    print_number(run->rejected);
    printf("\n%17s%s\n", "", run->detail);
}

int matrix_try(const struct experiment *experiment, const bool stages[STAGES],
               const struct matrix_options *options)
{
    int status = EXIT_SUCCESS;
    int tried = 0;
    json_t *all = json_array();
    bool is_text = options->format != MATRIX_JSON;
    if (is_text)
        printf("%s\n\n%-15s  %-9s %8s %6s %6s\n", experiment->question, "",
               "verdict", "ms", "in", "503");
    for (int stage = 1; stage <= STAGES; stage++) {
        struct run run;
        if (!stages[stage - 1] || !applies(experiment, stage))
            continue;
        screen_progress(stage_name(stage), stage - 1, STAGES);
        experiment_perform(experiment, stage, options->work_ms, &run);
        screen_progress_end();
        tried++;
        json_array_append_new(all, to_json(experiment, &run));
        if (is_text)
            print_row(&run);
        if (!is_expected(experiment, &run)) {
            tell_failure(experiment, &run);
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
        print_json(all);
    return status;
}

// Bold shows the eye where a stage begins to differ from the one before.
static const char *colour_of(const struct experiment *experiment,
                             const struct run *run, const char *before)
{
    if (!is_expected(experiment, run))
        return screen_red();
    bool is_new = before != NULL && strcmp(before, run->verdict) != 0;
    return is_new ? screen_bold() : "";
}

// Without spaces at the end of a line.
static void print_verdict(const char *colour, const char *verdict, bool is_last)
{
    printf(" %s%-*s%s", colour, is_last ? 0 : 9, verdict,
           colour[0] != '\0' ? screen_plain() : "");
}

static void print_line(const struct experiment *experiment,
                       const struct run runs[STAGES])
{
    const char *before = NULL;
    printf("%-18s", experiment->name);
    for (int i = 0; i < STAGES; i++) {
        bool is_last = i + 1 == STAGES;
        bool is_asked = applies(experiment, i + 1);
        if (!is_asked || runs[i].stage.number == 0) {
            print_verdict("", is_asked ? "" : "-", is_last);
            continue;
        }
        print_verdict(colour_of(experiment, &runs[i], before), runs[i].verdict,
                      is_last);
        before = runs[i].verdict;
    }
    printf("\n");
}

static void print_markdown(const struct experiment *experiment,
                           const struct run runs[STAGES])
{
    printf("| `%s` %s |", experiment->name, experiment->question);
    for (int i = 0; i < STAGES; i++)
        printf(" %s |", applies(experiment, i + 1) ? runs[i].verdict : "");
    printf("\n");
}

static void print_heading(enum matrix_format format)
{
    switch (format) {
    case MATRIX_TEXT:
        printf("%-18s %-9s %-9s %-9s %-9s %-9s %s\n", "", "blocking", "async",
               "parse", "slow", "queue", "pool");
        break;
    case MATRIX_MARKDOWN:
        printf("| | 1 blocking | 2 async | 3 parse | 4 slow | 5 queue | 6 pool "
               "|\n|---|---|---|---|---|---|---|\n");
        break;
    case MATRIX_JSON:
        break;
    }
}

static void print_experiment(const struct experiment *experiment,
                             const struct run runs[STAGES],
                             enum matrix_format format, json_t *all)
{
    switch (format) {
    case MATRIX_TEXT:
        print_line(experiment, runs);
        break;
    case MATRIX_MARKDOWN:
        print_markdown(experiment, runs);
        break;
    case MATRIX_JSON:
        for (int i = 0; i < STAGES; i++)
            if (runs[i].stage.number > 0)
                json_array_append_new(all, to_json(experiment, &runs[i]));
        break;
    }
    fflush(stdout);
}

static void perform_in_turn(const struct experiment *experiment,
                            const bool stages[STAGES], int work_ms,
                            struct run runs[STAGES])
{
    for (int i = 0; i < STAGES; i++) {
        bool one[STAGES] = {false};
        one[i] = stages[i];
        experiment_perform_all(experiment, one, work_ms, runs);
    }
}

// Performs an experiment against the stages that are wanted, all at the same
// time where that does no harm. Returns how many did not show what they must.
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
        stages[i] = wanted[i] && applies(experiment, i + 1);
    if (number < table->together)
        experiment_perform_all(experiment, stages, work_ms, runs);
    else
        perform_in_turn(experiment, stages, work_ms, runs);
    screen_progress_end();
    for (int i = 0; i < STAGES; i++)
        if (stages[i] && !is_expected(experiment, &runs[i])) {
            tell_failure(experiment, &runs[i]);
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
    print_heading(options->format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *row = &table->rows[i];
        struct run runs[STAGES] = {0};
        faults += perform(table, row, stages, options->work_ms, runs);
        print_experiment(row, runs, options->format, all);
    }
    if (options->format == MATRIX_JSON)
        print_json(all);
    else
        json_decref(all);
    if (faults > 0)
        fprintf(stderr, "\n%d not as the table has it\n", faults);
    return faults > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int matrix_list(const struct table *table, enum matrix_format format)
{
    if (format == MATRIX_MARKDOWN)
        print_heading(format);
    for (int i = 0; i < table->count; i++) {
        const struct experiment *experiment = &table->rows[i];
        struct run runs[STAGES] = {0};
        for (int j = 0; j < STAGES; j++)
            if (applies(experiment, j + 1))
                snprintf(runs[j].verdict, sizeof runs[j].verdict, "%s",
                         experiment->expected[j]);
        if (format == MATRIX_MARKDOWN)
            print_markdown(experiment, runs);
        else
            printf("%s\n    %s\n", experiment->name, experiment->question);
    }
    return EXIT_SUCCESS;
}

static void print_difference(const struct experiment *experiment,
                             const struct run *one, const struct run *two)
{
    const struct run *both[] = {one, two};
    printf("%s\n", experiment->question);
    for (int i = 0; i < 2; i++)
        printf("  %d  %s%-9s%s  %s\n", both[i]->stage.number, screen_bold(),
               both[i]->verdict, screen_plain(), both[i]->detail);
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
        if (!applies(experiment, one) || !applies(experiment, two))
            continue;
        faults += perform(&lessons, experiment, stages, options->work_ms, runs);
        if (strcmp(runs[one - 1].verdict, runs[two - 1].verdict) == 0)
            continue;
        if (options->format == MATRIX_JSON)
            print_experiment(experiment, runs, MATRIX_JSON, all);
        else
            print_difference(experiment, &runs[one - 1], &runs[two - 1]);
    }
    if (options->format == MATRIX_JSON)
        print_json(all);
    else
        json_decref(all);
    if (options->format != MATRIX_JSON && one != two)
        printf("\nthe code: ./workshop diff %d %d\n", one, two);
    return faults > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
