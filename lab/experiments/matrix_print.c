#include "lab/experiments/matrix_print.h"
#include "lab/screen.h"
#include "lib/base/printable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// In characters. The names and the six stages fit into 80.
static int column_width(const bool servers[SERVERS], int server)
{
    static const int widths[SERVERS] = {9, 9, 9, 10, 9, 9, 11, 10, 10, 10};
    for (int next = server + 1; next <= SERVERS; next++)
        if (servers[next - 1])
            return widths[server - 1];
    return 0; // no spaces at the end of a line
}

// "queue", "sketch", "lanes"
static const char *short_name(int server)
{
    return server <= STAGES ? strchr(stage_name(server), '_') + 1
                            : stage_word(server);
}

void matrix_tell_failure(const struct experiment *experiment,
                         const struct run *run)
{
    int server = run->subject->number;
    fflush(stdout);
    if (run->is_ours) {
        fprintf(stderr, "\n%s, %s: not done, and not the server's fault: %s\n",
                stage_name(server), experiment->name, run->detail);
        return;
    }
    fprintf(stderr,
            "\n%s, %s: %s\n  expected: %s\n  got:      %s%s%s\n"
            "  again:    build/lab/lab try %s %s\n",
            stage_name(server), experiment->name, experiment->question,
            experiment_expected(experiment, server), run->verdict,
            run->detail[0] != '\0' ? ", " : "", run->detail, experiment->name,
            stage_word(server));
    if (run->exit[0] != '\0' && strcmp(run->exit, experiment_exit(server)) != 0)
        fprintf(stderr, "  it ended: %s, not %s\n", run->exit,
                experiment_exit(server));
    if (run->server.fault[0] != '\0')
        fprintf(stderr, "  it did not start: %s\n", run->server.fault);
    if (run->died)
        fprintf(stderr, "  it ended before it was told to\n");
    if (run->server.output.text[0] != '\0')
        fprintf(stderr, "  the server printed:\n");
    printable_lines(stderr, "", run->server.output.text);
}

json_t *matrix_to_json(const struct experiment *experiment,
                       const struct run *run)
{
    bool has_time = run->slowest_ms >= 0 && isfinite(run->slowest_ms);
    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:i, s:i}",
                     "experiment", experiment->name, "server",
                     stage_name(run->subject->number), "stage",
                     run->subject->number, "verdict", run->verdict, "expected",
                     experiment_expected(experiment, run->subject->number),
                     "detail", run->detail, "slowest_ms",
                     has_time ? json_real(run->slowest_ms) : json_null(),
                     "accepted", run->accepted, "rejected", run->rejected);
}

void matrix_print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(json);
}

void matrix_print_row(const struct run *run)
{
    char ms[16] = "none";
    char accepted[16] = "";
    if (run->slowest_ms >= 0 && isfinite(run->slowest_ms))
        snprintf(ms, sizeof ms, "%.1f", run->slowest_ms);
    if (run->accepted > 0)
        snprintf(accepted, sizeof accepted, "%d", run->accepted);
    printf("%-15s  %-10s %8s", stage_name(run->subject->number), run->verdict,
           ms);
    if (run->rejected > 0)
        printf(" %6s %6d", accepted, run->rejected);
    else if (run->accepted > 0)
        printf(" %6s", accepted);
    printf("\n");
    if (run->detail[0] != '\0') {
        printf("%17s", "");
        screen_wrapped(17, 17, run->detail);
    }
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

static void print_line(const struct experiment *experiment,
                       const bool servers[SERVERS],
                       const struct run runs[SERVERS])
{
    const char *before = NULL;
    printf("%-19s", experiment->name);
    for (int i = 0; i < SERVERS; i++) {
        if (!servers[i])
            continue;
        int width = column_width(servers, i + 1);
        if (experiment_expected(experiment, i + 1) == NULL) {
            printf(" %-*s", width, "-");
            continue;
        }
        const char *colour = colour_of(experiment, &runs[i], before);
        printf(" %s%-*s%s", colour, width, runs[i].verdict,
               colour[0] != '\0' ? screen_plain() : "");
        before = runs[i].verdict;
    }
    printf("\n");
}

void matrix_print_markdown(const struct experiment *experiment,
                           const bool servers[SERVERS],
                           const struct run runs[SERVERS])
{
    printf("| `%s` %s |", experiment->name, experiment->question);
    for (int i = 0; i < SERVERS; i++)
        if (servers[i])
            printf(" %s |", runs[i].verdict);
    printf("\n");
}

static void print_markdown_heading(const bool servers[SERVERS])
{
    printf("| |");
    for (int i = 0; i < SERVERS; i++)
        if (servers[i] && i < STAGES)
            printf(" %d %s |", i + 1, short_name(i + 1));
        else if (servers[i])
            printf(" %s |", short_name(i + 1));
    printf("\n|---|");
    for (int i = 0; i < SERVERS; i++)
        if (servers[i])
            printf("---|");
    printf("\n");
}

void matrix_print_heading(const bool servers[SERVERS],
                          enum matrix_format format)
{
    switch (format) {
    case MATRIX_TEXT:
        printf("%-19s", "");
        for (int i = 0; i < SERVERS; i++)
            if (servers[i])
                printf(" %-*s", column_width(servers, i + 1),
                       short_name(i + 1));
        printf("\n");
        break;
    case MATRIX_MARKDOWN:
        print_markdown_heading(servers);
        break;
    case MATRIX_JSON:
        break;
    }
}

void matrix_print_experiment(const struct experiment *experiment,
                             const bool servers[SERVERS],
                             const struct run runs[SERVERS],
                             enum matrix_format format, json_t *all)
{
    switch (format) {
    case MATRIX_TEXT:
        print_line(experiment, servers, runs);
        break;
    case MATRIX_MARKDOWN:
        matrix_print_markdown(experiment, servers, runs);
        break;
    case MATRIX_JSON:
        for (int i = 0; i < SERVERS; i++)
            if (runs[i].subject != NULL)
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
        printf("  %s  %s%-10s%s  %s\n", stage_word(both[i]->subject->number),
               screen_bold(), both[i]->verdict, screen_plain(),
               both[i]->detail);
}
