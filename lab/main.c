// lab - the same experiment against all six servers, and what differs

#include "lab/experiments/matrix.h"
#include "lab/load/load.h"
#include "lab/rude/rude_experiments.h"
#include "lab/timeline/timeline.h"
#include "lab/tour.h"
#include "lib/base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char usage_text[] =
    "usage: lab COMMAND [OPTION...]\n"
    "\n"
    "  tour                        the six stages, one after the other\n"
    "  list [rude] [STAGE...]      the experiments, and what each asks\n"
    "  try EXPERIMENT [STAGE...]   one of them, against all stages or these\n"
    "  matrix [STAGE...]           all of them, against all stages or these\n"
    "  rude [STAGE...]             rude clients, and whether a stage survives\n"
    "  diff STAGE STAGE            where two stages behave differently\n"
    "  timeline [SCENARIO] STAGE...\n"
    "                              a picture of a run; the scenario is\n"
    "                              silent-clients, ten-at-once or\n"
    "                              sustained-overload\n"
    "  load PORT                   many clients, at a server on this machine\n"
    "\n"
    "A STAGE is a number from 1 to 6. The first four commands also take the\n"
    "word sketch: the first poll server, stage2_async/sketch.c.\n"
    "\n"
    "  --work-ms N      milliseconds of simulated work for an event (100)\n"
    "  --json           for programs: try, matrix, rude, diff, load,\n"
    "                   list\n"
    "  --markdown       for a README: matrix, rude, list\n"
    "  --svg FILE       timeline: draw it into this file, too\n"
    "  --trace DIR      timeline: write the raw traces, for ui.perfetto.dev\n"
    "  --clients N      load: the number of connections (16)\n"
    "  --seconds N      load: how long it takes (5)\n"
    "  --requests N     load: stop after N requests\n"
    "  --rate N         load: requests per second; without it, no limit\n"
    "  --users N        load: the events are of N users (1)\n"
    "  --get PATH       load: GET this path, instead of posting events\n"
    "  --close          load: a connection for each request\n"
    "  --help           print this, and exit\n";

static struct {
    int work_ms, clients, seconds, requests, rate, users;
    bool json, markdown, close, help;
    const char *svg, *trace, *get;
} options = {.work_ms = 100, .clients = 16, .seconds = 5, .users = 1};

static const struct {
    const char *name;
    int *number;
    int min, max;
    bool *flag;
    const char **text;
} rows[] = {
    {"--work-ms", &options.work_ms, 1, 10000, NULL, NULL},
    {"--json", NULL, 0, 0, &options.json, NULL},
    {"--markdown", NULL, 0, 0, &options.markdown, NULL},
    {"--svg", NULL, 0, 0, NULL, &options.svg},
    {"--trace", NULL, 0, 0, NULL, &options.trace},
    {"--clients", &options.clients, 1, 50000, NULL, NULL},
    {"--seconds", &options.seconds, 1, 3600, NULL, NULL},
    {"--requests", &options.requests, 1, 1000000000, NULL, NULL},
    {"--rate", &options.rate, 1, 1000000, NULL, NULL},
    {"--users", &options.users, 1, 64, NULL, NULL},
    {"--get", NULL, 0, 0, NULL, &options.get},
    {"--close", NULL, 0, 0, &options.close, NULL},
    {"--help", NULL, 0, 0, &options.help, NULL},
};

static int usage(void)
{
    fputs(usage_text, stderr);
    return EXIT_USAGE;
}

static bool to_number(const char *name, const char *text, int min, int max,
                      int *number)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end != text && *end == '\0' && value >= min && value <= max) {
        *number = (int)value;
        return true;
    }
    fprintf(stderr, "lab: %s: expected %d to %d, got '%s'\n", name, min, max,
            text);
    return false;
}

// Sets an option; `next` is its value, if it has one. Returns how many words it
// took. If it is wrong, prints why and returns 0.
static int set_option(const char *word, const char *next)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(word, rows[i].name) != 0)
            continue;
        if (rows[i].flag != NULL) {
            *rows[i].flag = true;
            return 1;
        }
        if (next == NULL) {
            fprintf(stderr, "lab: %s: expected a value after it\n", word);
            return 0;
        }
        if (rows[i].text != NULL) {
            *rows[i].text = next;
            return 2;
        }
        return to_number(word, next, rows[i].min, rows[i].max, rows[i].number)
                   ? 2
                   : 0;
    }
    fprintf(stderr, "lab: unknown option '%s': see lab --help\n", word);
    return 0;
}

// Removes the options from the words. Returns how many words are left, or -1.
static int take_options(int count, char **words)
{
    int left = 0;
    int i = 0;
    while (i < count) {
        if (words[i][0] != '-') {
            words[left++] = words[i++];
            continue;
        }
        int taken = set_option(words[i], i + 1 < count ? words[i + 1] : NULL);
        if (taken == 0)
            return -1;
        i += taken;
    }
    return left;
}

// All words must be stages or "sketch". No words mean the six stages.
static bool to_servers(int count, char **words, bool servers[SERVERS])
{
    for (int i = 0; i < SERVERS; i++)
        servers[i] = count == 0 && i < STAGES;
    for (int i = 0; i < count; i++) {
        int server = SKETCH;
        if (strcmp(words[i], "sketch") != 0 &&
            !to_number("stage", words[i], 1, STAGES, &server))
            return false;
        servers[server - 1] = true;
    }
    return true;
}

static struct matrix_options matrix_options(void)
{
    struct matrix_options found = {.work_ms = options.work_ms};
    if (options.markdown)
        found.format = MATRIX_MARKDOWN;
    if (options.json)
        found.format = MATRIX_JSON;
    return found;
}

static int do_tour(int count, char **words)
{
    (void)words;
    return count == 0 ? tour() : usage();
}

static int do_list(int count, char **words)
{
    bool servers[SERVERS];
    int first = count > 0 && strcmp(words[0], "rude") == 0 ? 1 : 0;
    enum matrix_format format = matrix_options().format;
    if (!to_servers(count - first, words + first, servers))
        return EXIT_USAGE;
    matrix_list(first > 0 ? &rude_clients : &lessons, servers, format);
    if (count == first && format == MATRIX_TEXT)
        printf("\n  For the sketch, the first poll server of stage 2: "
               "lab list %ssketch,\n  lab try EXPERIMENT sketch\n",
               first > 0 ? "rude " : "");
    return EXIT_SUCCESS;
}

static int do_try(int count, char **words)
{
    bool servers[SERVERS];
    struct matrix_options matrix = matrix_options();
    if (count == 0)
        return usage();
    const struct experiment *experiment = experiment_find(&lessons, words[0]);
    if (experiment == NULL)
        experiment = experiment_find(&rude_clients, words[0]);
    if (experiment == NULL) {
        fprintf(stderr, "lab: no experiment '%s': see lab list\n", words[0]);
        return EXIT_USAGE;
    }
    if (!to_servers(count - 1, words + 1, servers))
        return EXIT_USAGE;
    return matrix_try(experiment, servers, &matrix);
}

static int perform_all(const struct table *table, int count, char **words)
{
    bool servers[SERVERS];
    struct matrix_options matrix = matrix_options();
    if (!to_servers(count, words, servers))
        return EXIT_USAGE;
    return matrix_all(table, servers, &matrix);
}

static int do_matrix(int count, char **words)
{
    return perform_all(&lessons, count, words);
}

static int do_rude(int count, char **words)
{
    return perform_all(&rude_clients, count, words);
}

static int do_diff(int count, char **words)
{
    struct matrix_options matrix = matrix_options();
    int one;
    int two;
    if (count != 2)
        return usage();
    if (!to_number("stage", words[0], 1, STAGES, &one) ||
        !to_number("stage", words[1], 1, STAGES, &two))
        return EXIT_USAGE;
    return matrix_diff(one, two, &matrix);
}

static int do_timeline(int count, char **words)
{
    bool stages[STAGES] = {false};
    bool is_named = count > 0 && (words[0][0] < '0' || words[0][0] > '9');
    int first = is_named ? 1 : 0;
    if (count == first)
        return usage();
    for (int i = first; i < count; i++) {
        int stage;
        if (!to_number("stage", words[i], 1, STAGES, &stage))
            return EXIT_USAGE;
        stages[stage - 1] = true;
    }
    return timeline_show(stages, is_named ? words[0] : NULL, options.work_ms,
                         options.svg, options.trace);
}

static int do_load(int count, char **words)
{
    struct load_options found = {
        .path = options.get != NULL ? options.get : "/",
        .method = options.get != NULL ? "GET" : "POST",
        .clients = options.clients,
        .seconds = options.seconds,
        .requests = options.requests,
        .rate = options.rate,
        .users = options.users,
        .closes = options.close,
        .json = options.json,
    };
    if (count != 1)
        return usage();
    if (!to_number("port", words[0], 1, 65535, &found.port))
        return EXIT_USAGE;
    return load(&found);
}

static const struct {
    const char *name;
    int (*perform)(int count, char **words); // with the words after the name
} commands[] = {
    {"tour", do_tour},     {"list", do_list},         {"try", do_try},
    {"matrix", do_matrix}, {"rude", do_rude},         {"diff", do_diff},
    {"load", do_load},     {"timeline", do_timeline},
};

static int perform(int count, char **words)
{
    for (size_t i = 0; count > 0 && i < sizeof commands / sizeof commands[0];
         i++)
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].perform(count - 1, words + 1);
    if (count > 0)
        fprintf(stderr, "lab: no command '%s'\n\n", words[0]);
    return usage();
}

// What was printed may still be in a buffer, and the disk may be full.
static int finish(int status)
{
    bool has_failed = ferror(stdout) != 0;
    if (fflush(stdout) == 0 && !has_failed)
        return status;
    perror("lab: standard output");
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    process_init();
    char **words = argv + 1;
    int count = take_options(argc - 1, words);
    if (count < 0)
        return EXIT_USAGE;
    if (options.help) {
        fputs(usage_text, stdout);
        return finish(EXIT_SUCCESS);
    }
    return finish(perform(count, words));
}
