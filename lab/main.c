// lab - the same experiment against all servers, and what differs

#include "lab/arguments.h"
#include "lab/commands.h"
#include "lab/experiments/by_hand.h"
#include "lab/experiments/crash.h"
#include "lab/help.h"
#include "lib/base/printable.h"
#include "lib/base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    {"judge", do_judge, HELP_BEYOND, true,
     "  judge [STAGE] -- COMMAND... any server: is it this stage, and why not?\n"
     "  judge [STAGE] --port N      the same, for a server that runs already;\n"
     "                              with a stage, the exit status is 1 if a row\n"
     "                              differs; without one, 0 if it can be judged\n"},
    {"diff", do_diff, HELP_BEYOND, false,
     "  diff STAGE STAGE            where two of them behave differently\n"},
    {"timeline", do_timeline, HELP_BEYOND, false,
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
    crash_options = (struct crash_options){options.rounds, options.seed};
    if (options.help) {
        help_print(stdout, commands, find(count > 0 ? words[0] : NULL));
        return finish(EXIT_SUCCESS);
    }
    return finish(perform(count, words));
}
