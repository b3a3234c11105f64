// lab - the same experiment against all six servers, and what differs

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/matrix.h"
#include "lab/timeline.h"
#include "lab/tour.h"

enum { EXIT_USAGE = 2 };

static int usage(void)
{
    fputs("usage:\n"
          "  lab tour                       the six stages, one by one\n"
          "  lab list                       the experiments\n"
          "  lab try EXPERIMENT [STAGE...]  one of them, against all stages or "
          "these\n"
          "  lab matrix                     all of them, against all stages\n"
          "  lab diff STAGE STAGE           where two stages behave "
          "differently\n"
          "  lab timeline [SCENARIO] STAGE... "
          "a picture of a run: silent-clients, ten-at-once\n"
          "                                 or sustained-overload\n"
          "options:\n"
          "  --work-ms N    milliseconds of slow work for an event\n"
          "  --json         for programs (try, matrix, diff)\n"
          "  --markdown     for a README (matrix)\n"
          "  --svg FILE     draw the picture (timeline)\n"
          "  --trace DIR    keep the raw traces, for ui.perfetto.dev "
          "(timeline)\n",
          stderr);
    return EXIT_USAGE;
}

static int list(void)
{
    for (int i = 0; i < experiment_count; i++)
        printf("%-19s %s\n", experiments[i].name, experiments[i].question);
    return EXIT_SUCCESS;
}

// 1 to 6, or 0 where the text is no stage; that was said.
static int to_stage(const char *text)
{
    if (text[0] >= '1' && text[0] < '1' + STAGES && text[1] == '\0')
        return text[0] - '0';
    fprintf(stderr, "lab: expected a stage from 1 to 6, got '%s'\n", text);
    return 0;
}

struct lab_options {
    struct matrix_options matrix;
    const char *svg_path;
    const char *trace_directory;
};

// All words must be stages.
static bool take_stages(int count, char **words, bool stages[STAGES])
{
    for (int i = 0; i < count; i++) {
        int stage = to_stage(words[i]);
        if (stage == 0)
            return false;
        stages[stage - 1] = true;
    }
    return true;
}

static int try(int count, char **words, const struct lab_options *options)
{
    const struct experiment *experiment = experiment_find(words[0]);
    bool stages[STAGES] = {false};
    if (experiment == NULL) {
        fprintf(stderr, "lab: no experiment '%s': see lab list\n", words[0]);
        return EXIT_USAGE;
    }
    if (!take_stages(count - 1, words + 1, stages))
        return EXIT_USAGE;
    for (int i = 0; count == 1 && i < STAGES; i++)
        stages[i] = true;
    return matrix_try(experiment, stages, &options->matrix);
}

static int diff(char **words, const struct lab_options *options)
{
    int one = to_stage(words[0]);
    int two = one > 0 ? to_stage(words[1]) : 0;
    return two > 0 ? matrix_diff(one, two, &options->matrix) : EXIT_USAGE;
}

static int timeline(int count, char **words, const struct lab_options *options)
{
    bool stages[STAGES] = {false};
    bool is_named = words[0][0] < '0' || words[0][0] > '9';
    int first = is_named ? 1 : 0;
    if (count == first || !take_stages(count - first, words + first, stages))
        return usage();
    return timeline_show(stages, is_named ? words[0] : NULL,
                         options->matrix.work_ms, options->svg_path,
                         options->trace_directory);
}

// Whether `word` is this option; then its value is taken from the next word.
static bool is_option(const char *name, int count, char **words, int *i,
                      const char **value)
{
    if (strcmp(words[*i], name) != 0)
        return false;
    *value = *i + 1 < count ? words[++*i] : "";
    return true;
}

static bool set_work(const char *value, struct lab_options *options)
{
    char *end;
    long number = strtol(value, &end, 10);
    if (end != value && *end == '\0' && number >= 1 && number <= 10000) {
        options->matrix.work_ms = (int)number;
        return true;
    }
    fprintf(stderr, "lab: --work-ms: expected 1 to 10000, got '%s'\n", value);
    return false;
}

// Takes the options out of the words. Returns how many words are left, or -1
// where an option is wrong; that was said.
static int take_options(int count, char **words, struct lab_options *options)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        const char *value;
        if (strcmp(words[i], "--json") == 0) {
            options->matrix.format = MATRIX_JSON;
        } else if (strcmp(words[i], "--markdown") == 0) {
            options->matrix.format = MATRIX_MARKDOWN;
        } else if (is_option("--svg", count, words, &i, &value)) {
            options->svg_path = value;
        } else if (is_option("--trace", count, words, &i, &value)) {
            options->trace_directory = value;
        } else if (is_option("--work-ms", count, words, &i, &value)) {
            if (!set_work(value, options))
                return -1;
        } else if (words[i][0] == '-') {
            fprintf(stderr, "lab: unknown option '%s'\n", words[i]);
            return -1;
        } else {
            words[left++] = words[i];
        }
    }
    return left;
}

int main(int argc, char **argv)
{
    struct lab_options options = {.matrix = {.work_ms = 100}};
    char **words = argv + 1;
    int count = take_options(argc - 1, words, &options);
    if (count < 0)
        return EXIT_USAGE;
    const char *command = count > 0 ? words[0] : "";
    if (strcmp(command, "tour") == 0 && count == 1)
        return tour();
    if (strcmp(command, "list") == 0 && count == 1)
        return list();
    if (strcmp(command, "try") == 0 && count > 1)
        return try(count - 1, words + 1, &options);
    if (strcmp(command, "matrix") == 0 && count == 1)
        return matrix_all(&options.matrix);
    if (strcmp(command, "diff") == 0 && count == 3)
        return diff(words + 1, &options);
    if (strcmp(command, "timeline") == 0 && count > 1)
        return timeline(count - 1, words + 1, &options);
    return usage();
}
