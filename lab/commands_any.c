// Commands for any server: one that runs already, or is started by a command.

#include "lab/arguments.h"
#include "lab/commands.h"
#include "lab/experiments/by_hand.h"
#include "lab/help.h"
#include "lab/judge/judge.h"
#include "lab/load/load.h"
#include "lab/overload/overload.h"
#include "lab/rude/rude_experiments.h"
#include "lab/watch/watch.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int do_load(int count, char **words)
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

int do_watch(int count, char **words)
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

int do_overload(int count, char **words)
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

int do_judge(int count, char **words)
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
    if (count == 1 && !arguments_to_server(words[0], false, &found.stage))
        return EXIT_USAGE;
    if (!to_command("judge", &subject.command))
        return EXIT_USAGE;
    name_of(options.command, name, sizeof name);
    subject.name = name;
    return judge(&subject, &found);
}
