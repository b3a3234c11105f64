#include "lab/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char usage_text[] =
    "usage: lab COMMAND [OPTION...]\n"
    "\n"
    "  tour                        the six stages, one after the other\n"
    "  list [rude] [STAGE...]      the experiments, and what each asks\n"
    "  try EXPERIMENT [STAGE...]   one of them, against all stages or these\n"
    "  matrix [STAGE...]           all of them, against all stages or these\n"
    "  rude [STAGE...]             rude clients, and whether a stage survives\n"
    "  judge [STAGE] -- COMMAND... any server: is it this stage, and why not?\n"
    "  judge [STAGE] --port N      the same, for a server that runs already;\n"
    "                              with a stage, the exit status is 1 if a "
    "row\n"
    "                              differs; without one, 0 if it can be "
    "judged\n"
    "  diff STAGE STAGE            where two stages behave differently\n"
    "  timeline [SCENARIO] STAGE...\n"
    "                              a picture of a run; the scenario is\n"
    "                              silent-clients, ten-at-once or\n"
    "                              sustained-overload\n"
    "  load PORT                   many clients, at a server on this machine\n"
    "\n"
    "A STAGE is a number from 1 to 6; list, try, matrix and rude also take "
    "the\n"
    "word sketch: the first poll server, stage2_async/sketch.c.\n"
    "\n"
    "  --work-ms N      milliseconds of simulated work for an event (100)\n"
    "  --json           for programs: try, matrix, rude, judge, diff, load,\n"
    "                   list\n"
    "  --rows A,B       judge: only these experiments\n"
    "  --rude           judge: the rude clients, and whether it survives\n"
    "  --junit FILE     judge: write this file for a CI, in JUnit's XML\n"
    "  --points         judge STAGE: count points, for graders\n"
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

struct arguments options = {
    .work_ms = 100, .clients = 16, .seconds = 5, .users = 1};

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
    {"--port", &options.port, 1, 65535, NULL, NULL},
    {"--rows", NULL, 0, 0, NULL, &options.rows},
    {"--rude", NULL, 0, 0, &options.rude, NULL},
    {"--junit", NULL, 0, 0, NULL, &options.junit},
    {"--points", NULL, 0, 0, &options.points, NULL},
    {"--get", NULL, 0, 0, NULL, &options.get},
    {"--close", NULL, 0, 0, &options.close, NULL},
    {"--help", NULL, 0, 0, &options.help, NULL},
};

bool arguments_to_number(const char *name, const char *text, int min, int max,
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
        return arguments_to_number(word, next, rows[i].min, rows[i].max,
                                   rows[i].number)
                   ? 2
                   : 0;
    }
    fprintf(stderr, "lab: unknown option '%s': see lab --help\n", word);
    return 0;
}

int arguments_take_options(int count, char **words)
{
    int left = 0;
    int i = 0;
    options.command = words + count; // the NULL that ends argv
    while (i < count) {
        if (strcmp(words[i], "--") == 0) {
            options.command = words + i + 1;
            break;
        }
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
