// Commands that start our own servers: the words after them, and the calls.

#include "lab/arguments.h"
#include "lab/commands.h"
#include "lab/experiments/matrix.h"
#include "lab/help.h"
#include "lab/rude/rude_experiments.h"
#include "lab/timeline/timeline.h"
#include "lab/tour.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// All words must be servers of ours. No words mean the six stages.
static bool to_servers(int count, char **words, bool servers[SERVERS])
{
    for (int i = 0; i < SERVERS; i++)
        servers[i] = count == 0 && i < STAGES;
    for (int i = 0; i < count; i++) {
        int server;
        if (!arguments_to_server(words[i], true, &server))
            return false;
        servers[server - 1] = true;
    }
    return true;
}

// A server that cannot start on this machine is skipped by name. Returns
// whether any is left.
static bool skip_missing(bool servers[SERVERS])
{
    bool is_any = false;
    for (int i = 0; i < SERVERS; i++) {
        const char *why = servers[i] ? stage_missing(i + 1) : NULL;
        if (why != NULL) {
            fprintf(stderr, "lab: skipped: %s: %s", stage_name(i + 1), why);
            if (i + 1 == SHARED && strstr(why, ".py") != NULL)
                arguments_print_typed(stderr);
            fputc('\n', stderr);
            servers[i] = false;
        }
        is_any = is_any || servers[i];
    }
    return is_any;
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

int do_tour(int count, char **words)
{
    (void)words;
    return count == 0 ? tour() : help_expected("tour", "nothing after it");
}

int do_list(int count, char **words)
{
    bool servers[SERVERS];
    int first = count > 0 && strcmp(words[0], "rude") == 0 ? 1 : 0;
    enum matrix_format format = matrix_options().format;
    if (!to_servers(count - first, words + first, servers))
        return EXIT_USAGE;
    matrix_list(first > 0 ? &rude_clients : &lessons, servers, format);
    if (count == first && format == MATRIX_TEXT)
        printf("\n  For the sketch, the first poll server of stage 2: "
               "lab list %ssketch,\n  lab try EXPERIMENT sketch. For the "
               "servers in beyond/: lanes, durable, shared\n",
               first > 0 ? "rude " : "");
    return EXIT_SUCCESS;
}

static const char *nearest_in(const struct table *table, const char *typed,
                              const char *best)
{
    for (int i = 0; i < table->count; i++)
        best = help_nearer(typed, best, table->rows[i].name);
    return best;
}

int do_try(int count, char **words)
{
    bool servers[SERVERS];
    struct matrix_options matrix = matrix_options();
    if (count == 0)
        return help_expected("try", "an experiment: see lab list");
    const struct experiment *experiment = experiment_find(&lessons, words[0]);
    if (experiment == NULL)
        experiment = experiment_find(&rude_clients, words[0]);
    if (experiment == NULL) {
        char shown[PRINTABLE_WORD];
        fprintf(stderr, "lab: no experiment '%s': see lab list\n",
                printable_text(shown, sizeof shown, words[0]));
        help_suggest(nearest_in(&rude_clients, words[0],
                                nearest_in(&lessons, words[0], NULL)));
        return EXIT_USAGE;
    }
    if (!to_servers(count - 1, words + 1, servers))
        return EXIT_USAGE;
    if (!skip_missing(servers))
        return EXIT_SKIPPED;
    return matrix_try(experiment, servers, &matrix);
}

static int perform_all(const struct table *table, int count, char **words)
{
    bool servers[SERVERS];
    struct matrix_options matrix = matrix_options();
    if (!to_servers(count, words, servers))
        return EXIT_USAGE;
    if (!skip_missing(servers))
        return EXIT_SKIPPED;
    return matrix_all(table, servers, &matrix);
}

int do_matrix(int count, char **words)
{
    return perform_all(&lessons, count, words);
}

int do_rude(int count, char **words)
{
    return perform_all(&rude_clients, count, words);
}

int do_diff(int count, char **words)
{
    struct matrix_options matrix = matrix_options();
    bool servers[SERVERS] = {false};
    int one;
    int two;
    if (count != 2)
        return help_expected("diff", "two stages: lab diff 4 5");
    if (!arguments_to_server(words[0], false, &one) ||
        !arguments_to_server(words[1], false, &two))
        return EXIT_USAGE;
    servers[one - 1] = true;
    servers[two - 1] = true;
    skip_missing(servers);
    if (!servers[one - 1] || !servers[two - 1])
        return EXIT_SKIPPED;
    return matrix_diff(one, two, &matrix);
}

int do_timeline(int count, char **words)
{
    bool servers[SERVERS] = {false};
    bool is_named = count > 0 && stage_find(words[0]) == 0 &&
                    (words[0][0] < '0' || words[0][0] > '9');
    int first = is_named ? 1 : 0;
    if (count == first)
        return help_expected("timeline", "a stage from 1 to 6");
    if (is_named && !timeline_is_scenario(words[0]))
        return EXIT_USAGE;
    for (int i = first; i < count; i++) {
        int server;
        if (!arguments_to_server(words[i], false, &server))
            return EXIT_USAGE;
        servers[server - 1] = true;
    }
    if (!skip_missing(servers))
        return EXIT_SKIPPED;
    return timeline_show(servers, is_named ? words[0] : NULL, options.work_ms,
                         options.svg, options.trace);
}
