#include "lab/experiments/matrix_print.h"
#include "lab/screen.h"

#include <stdio.h>
#include <string.h>

// Of the columns, in characters: 80 with the names. The last needs no padding.
static const int widths[STAGES] = {9, 9, 9, 10, 9, 0};

void matrix_tell_failure(const struct experiment *experiment,
                         const struct run *run)
{
    int stage = run->stage.number;
    fflush(stdout);
    fprintf(stderr,
            "\n%s, %s: %s\n  expected: %s\n  got:      %s, %s\n"
            "  again:    build/lab/lab try %s %d\n",
            stage_name(stage), experiment->name, experiment->question,
            experiment->expected[stage - 1], run->verdict, run->detail,
            experiment->name, stage);
    if (run->stage.printed[0] != '\0')
        fprintf(stderr, "  the server printed:\n%s", run->stage.printed);
}

json_t *matrix_to_json(const struct experiment *experiment,
                       const struct run *run)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:f, s:i, s:i}", "experiment",
                     experiment->name, "stage", run->stage.number, "verdict",
                     run->verdict, "expected",
                     experiment->expected[run->stage.number - 1], "detail",
                     run->detail, "slowest_ms", run->slowest_ms, "accepted",
                     run->accepted, "rejected", run->rejected);
}

void matrix_print_json(json_t *json)
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

void matrix_print_row(const struct run *run)
{
    char ms[16] = "none";
    if (run->slowest_ms >= 0)
        snprintf(ms, sizeof ms, "%.1f", run->slowest_ms);
    printf("%-15s  %-10s %8s ", stage_name(run->stage.number), run->verdict,
           ms);
    print_number(run->accepted);
    print_number(run->rejected);
    printf("\n%17s%s\n", "", run->detail);
}

// Bold: this stage differs from the one before.
static const char *colour_of(const struct experiment *experiment,
                             const struct run *run, const char *before)
{
    if (!run_is_expected(run, experiment))
        return screen_red();
    bool is_new = before != NULL && strcmp(before, run->verdict) != 0;
    return is_new ? screen_bold() : "";
}

static void print_verdict(const char *colour, const char *verdict, int stage)
{
    printf(" %s%-*s%s", colour, widths[stage - 1], verdict,
           colour[0] != '\0' ? screen_plain() : "");
}

static void print_line(const struct experiment *experiment,
                       const struct run runs[STAGES])
{
    const char *before = NULL;
    printf("%-18s", experiment->name);
    for (int i = 0; i < STAGES; i++) {
        bool is_asked = experiment_applies(experiment, i + 1);
        if (!is_asked || runs[i].stage.number == 0) {
            print_verdict("", is_asked ? "" : "-", i + 1);
            continue;
        }
        print_verdict(colour_of(experiment, &runs[i], before), runs[i].verdict,
                      i + 1);
        before = runs[i].verdict;
    }
    printf("\n");
}

void matrix_print_markdown(const struct experiment *experiment,
                           const struct run runs[STAGES])
{
    printf("| `%s` %s |", experiment->name, experiment->question);
    for (int i = 0; i < STAGES; i++)
        printf(" %s |",
               experiment_applies(experiment, i + 1) ? runs[i].verdict : "");
    printf("\n");
}

void matrix_print_heading(enum matrix_format format)
{
    switch (format) {
    case MATRIX_TEXT:
        printf("%-18s", "");
        for (int i = 0; i < STAGES; i++)
            printf(" %-*s", widths[i], strchr(stage_name(i + 1), '_') + 1);
        printf("\n");
        break;
    case MATRIX_MARKDOWN:
        printf("| | 1 blocking | 2 async | 3 parse | 4 slow | 5 queue | 6 pool "
               "|\n|---|---|---|---|---|---|---|\n");
        break;
    case MATRIX_JSON:
        break;
    }
}

void matrix_print_experiment(const struct experiment *experiment,
                             const struct run runs[STAGES],
                             enum matrix_format format, json_t *all)
{
    switch (format) {
    case MATRIX_TEXT:
        print_line(experiment, runs);
        break;
    case MATRIX_MARKDOWN:
        matrix_print_markdown(experiment, runs);
        break;
    case MATRIX_JSON:
        for (int i = 0; i < STAGES; i++)
            if (runs[i].stage.number > 0)
                json_array_append_new(all,
                                      matrix_to_json(experiment, &runs[i]));
        break;
    }
    fflush(stdout);
}

void matrix_print_difference(const struct experiment *experiment,
                             const struct run *one, const struct run *two)
{
    const struct run *both[] = {one, two};
    printf("%s\n", experiment->question);
    for (int i = 0; i < 2; i++)
        printf("  %d  %s%-10s%s  %s\n", both[i]->stage.number, screen_bold(),
               both[i]->verdict, screen_plain(), both[i]->detail);
}
