// lab - the same experiment against all six servers, and what differs

#include "lab/arguments.h"
#include "lab/experiments/by_hand.h"
#include "lab/experiments/matrix.h"
#include "lab/help.h"
#include "lab/judge/judge.h"
#include "lab/load/load.h"
#include "lab/overload/overload.h"
#include "lab/rude/rude_experiments.h"
#include "lab/timeline/timeline.h"
#include "lab/tour.h"
#include "lab/watch/watch.h"
#include "lib/base/printable.h"
#include "lib/base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// All words must be stages or "sketch". No words mean the six stages.
static bool to_servers(int count, char **words, bool servers[SERVERS])
{
    for (int i = 0; i < SERVERS; i++)
        servers[i] = count == 0 && i < STAGES;
    for (int i = 0; i < count; i++) {
        int server = SKETCH;
        if (strcmp(words[i], "sketch") != 0 &&
            !arguments_to_number("stage", words[i], 1, STAGES, &server))
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
    return count == 0 ? tour() : help_expected("tour", "nothing after it");
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

static const char *nearest_in(const struct table *table, const char *typed,
                              const char *best)
{
    for (int i = 0; i < table->count; i++)
        best = help_nearer(typed, best, table->rows[i].name);
    return best;
}

static int do_try(int count, char **words)
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
        return help_expected("diff", "two stages: lab diff 4 5");
    if (!arguments_to_number("stage", words[0], 1, STAGES, &one) ||
        !arguments_to_number("stage", words[1], 1, STAGES, &two))
        return EXIT_USAGE;
    return matrix_diff(one, two, &matrix);
}

static int do_timeline(int count, char **words)
{
    bool stages[STAGES] = {false};
    bool is_named = count > 0 && (words[0][0] < '0' || words[0][0] > '9');
    int first = is_named ? 1 : 0;
    if (count == first)
        return help_expected("timeline", "a stage from 1 to 6");
    if (is_named && !timeline_is_scenario(words[0]))
        return EXIT_USAGE;
    for (int i = first; i < count; i++) {
        int stage;
        if (!arguments_to_number("stage", words[i], 1, STAGES, &stage))
            return EXIT_USAGE;
        stages[stage - 1] = true;
    }
    return timeline_show(stages, is_named ? words[0] : NULL, options.work_ms,
                         options.svg, options.trace);
}

// Where the servers read it, too; they take 8080 if it is empty.
static bool to_port(int count, char **words, int *port)
{
    const char *usual = getenv("PORT");
    *port = by_hand_port();
    if (count > 0)
        return arguments_to_number("port", words[0], 1, 65535, port);
    return usual == NULL || usual[0] == '\0' ||
           arguments_to_number("PORT in the environment", usual, 1, 65535,
                               port);
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
    if (count > 1)
        return help_expected("load", "one port, of a server that runs");
    if (options.retry != NULL)
        retry_find(options.retry, &found.retry);
    if (!to_port(count, words, &found.port))
        return EXIT_USAGE;
    return load(&found);
}

static int do_watch(int count, char **words)
{
    int ports[WATCH_SERVERS];
    if (count > WATCH_SERVERS)
        return help_expected("watch", "the ports of at most eight servers");
    if (!to_port(count, words, &ports[0]))
        return EXIT_USAGE;
    for (int i = 1; i < count; i++) {
        if (!arguments_to_number("port", words[i], 1, 65535, &ports[i]))
            return EXIT_USAGE;
        for (int before = 0; before < i; before++)
            if (ports[before] == ports[i])
                return help_expected("watch", "each port only once");
    }
    return lab_watch(ports, count > 0 ? count : 1, options.once);
}

// The words of its command, as a person typed them.
static void name_of(char *const *command, char *name, size_t size)
{
    char typed[512];
    snprintf(typed, sizeof typed, "the server at port %d", options.port);
    for (size_t length = 0; *command != NULL && length < sizeof typed;
         command++) {
        int added = snprintf(typed + length, sizeof typed - length, "%s%s",
                             length > 0 ? " " : "", *command);
        length += (size_t)added;
    }
    printable_text(name, size, typed);
}

static bool to_command(const char *name, struct command *command)
{
    char *const *words = options.command;
    int count = 0;
    *command = (struct command){.port = options.port};
    while (words[count] != NULL && count + 1 < COMMAND_MAX) {
        command->words[count] = words[count];
        count++;
    }
    bool is_one = (count > 0) != (options.port > 0);
    if (!is_one || words[count] != NULL)
        help_expected(name,
                      "a command after --, or --port of a server that runs");
    return is_one && words[count] == NULL;
}

static int do_overload(int count, char **words)
{
    char name[256];
    struct overload_options found = {
        .loads = options.loads,
        .work_ms = options.work_ms,
        .seconds = options.seconds,
        .is_json = options.json,
        .svg = options.svg,
    };
    for (int i = 0; i < count; i++) {
        int stage;
        if (!arguments_to_number("stage", words[i], 4, STAGES, &stage))
            return EXIT_USAGE;
        found.stages[stage - 1] = true;
    }
    if (count == 0)
        return help_expected("overload", "a stage from 4 to 6");
    if (options.has_command && count > 1)
        return help_expected("overload", "one stage: lab overload 5 -- ./mine");
    if (options.has_command) {
        if (!to_command("overload", &found.command))
            return EXIT_USAGE;
        name_of(options.command, name, sizeof name);
        found.name = name;
    }
    return overload(&found);
}

static int do_judge(int count, char **words)
{
    static struct subject subject;
    char name[256];
    struct judge_options found = {
        .rows = options.rows,
        .table = options.rude ? &rude_clients : &lessons,
        .work_ms = options.work_ms,
        .is_json = options.json,
        .has_points = options.points,
        .junit = options.junit,
    };
    if (count > 1)
        return help_expected("judge", "one stage: lab judge 5 -- ./mine");
    if (count == 0 && options.points) {
        fprintf(stderr, "lab: --points: of which stage? lab judge 5 --points "
                        "-- COMMAND\n");
        return EXIT_USAGE;
    }
    if (count == 1 &&
        !arguments_to_number("stage", words[0], 1, STAGES, &found.stage))
        return EXIT_USAGE;
    if (!to_command("judge", &subject.command))
        return EXIT_USAGE;
    name_of(options.command, name, sizeof name);
    subject.name = name;
    return judge(&subject, &found);
}

static const struct help_command commands[] = {
    // clang-format off
    {"tour", do_tour, HELP_NO_STAGE, false,
     "  tour                        the six stages, one after the other\n"},
    {"list", do_list, HELP_SKETCH, false,
     "  list [rude] [STAGE...]      the experiments, and what each asks\n"},
    {"try", do_try, HELP_SKETCH, false,
     "  try EXPERIMENT [STAGE...]   one of them, against all stages or these\n"},
    {"matrix", do_matrix, HELP_SKETCH, false,
     "  matrix [STAGE...]           all of them, against all stages or these\n"},
    {"rude", do_rude, HELP_SKETCH, false,
     "  rude [STAGE...]             rude clients, and whether a stage survives\n"},
    {"judge", do_judge, HELP_STAGE, true,
     "  judge [STAGE] -- COMMAND... any server: is it this stage, and why not?\n"
     "  judge [STAGE] --port N      the same, for a server that runs already;\n"
     "                              with a stage, the exit status is 1 if a row\n"
     "                              differs; without one, 0 if it can be judged\n"},
    {"diff", do_diff, HELP_STAGE, false,
     "  diff STAGE STAGE            where two stages behave differently\n"},
    {"timeline", do_timeline, HELP_STAGE, false,
     "  timeline [SCENARIO] STAGE...\n"
     "                              a picture of a run; the scenario is\n"
     "                              silent-clients, ten-at-once or\n"
     "                              sustained-overload\n"},
    {"load", do_load, HELP_NO_STAGE, false,
     "  load [PORT]                 many clients, at a server on this machine; its\n"
     "                              port is that of the variable PORT, or 8080\n"},
    {"watch", do_watch, HELP_NO_STAGE, false,
     "  watch [PORT...]             live, of servers on this machine: where their\n"
     "                              clients and events wait; q ends it\n"},
    {"overload", do_overload, HELP_NO_STAGE, true,
     "  overload N...               a load from 0.2 to 2.0 of the capacity of stages\n"
     "                              4, 5 or 6: times, rejections, and what they\n"
     "                              must be by arithmetic\n"
     "  overload N -- COMMAND...    the same, for a server that is such a stage\n"},
    {.name = NULL},
    // clang-format on
};

static const struct help_command *find(const char *name)
{
    for (int i = 0; name != NULL && commands[i].name != NULL; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static int perform(int count, char **words)
{
    const char *best = NULL;
    if (count == 0) {
        help_print(stderr, commands, NULL);
        return EXIT_USAGE;
    }
    const struct help_command *command = find(words[0]);
    if (command != NULL)
        return arguments_fit(command->name, command->takes_command)
                   ? command->perform(count - 1, words + 1)
                   : EXIT_USAGE;
    char shown[PRINTABLE_WORD];
    fprintf(stderr, "lab: no command '%s': see lab --help\n",
            printable_text(shown, sizeof shown, words[0]));
    for (int i = 0; commands[i].name != NULL; i++)
        best = help_nearer(words[0], best, commands[i].name);
    help_suggest(best);
    return EXIT_USAGE;
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
    by_hand_init();
    char **words = argv + 1;
    int count = arguments_take_options(argc - 1, words);
    if (count < 0)
        return EXIT_USAGE;
    if (options.help) {
        help_print(stdout, commands, find(count > 0 ? words[0] : NULL));
        return finish(EXIT_SUCCESS);
    }
    return finish(perform(count, words));
}
