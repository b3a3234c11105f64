#include "lab/help.h"
#include "lab/arguments.h"

#include <string.h>

enum { NAME_MAX_LENGTH = 40, NEAR = 2 };

int help_expected(const char *command, const char *expected)
{
    fprintf(stderr, "lab %s: expected %s\n", command, expected);
    return EXIT_USAGE;
}

// Which commands take which words is in the table.
static void print_names(FILE *file, const struct help_command *commands,
                        int least)
{
    const char *comma = "";
    for (; commands->name != NULL; commands++) {
        if ((int)commands->takes < least)
            continue;
        fprintf(file, "%s%s", comma, commands->name);
        comma = ", ";
    }
}

static void print_stages(FILE *file, const struct help_command *commands)
{
    fputs("\nA STAGE is a number from 1 to 6. Some commands take others, too, "
          "which are in\nbeyond/, and the sketch in stage2_async/sketch.c:\n"
          "    lanes, durable, shared: ",
          file);
    print_names(file, commands, HELP_BEYOND);
    fputs("\n    sketch: ", file);
    print_names(file, commands, HELP_SKETCH);
    fputs("\n", file);
}

static void print_stage(FILE *file, const struct help_command *command)
{
    if (command->takes == HELP_NO_STAGE)
        return;
    fputs("\nA STAGE is a number from 1 to 6, or lanes, durable or shared, the "
          "servers\nin beyond/",
          file);
    if (command->takes >= HELP_SKETCH)
        fputs(", or sketch, the first poll server: stage2_async/sketch.c",
              file);
    fputs(".\n", file);
}

void help_print(FILE *file, const struct help_command *commands,
                const struct help_command *command)
{
    fputs("usage: lab COMMAND [OPTION...]\n\n", file);
    if (command != NULL) {
        fputs(command->usage, file);
        print_stage(file, command);
    } else {
        for (int i = 0; commands[i].name != NULL; i++)
            fputs(commands[i].usage, file);
        print_stages(file, commands);
    }
    fputs("\n", file);
    arguments_print_options(file, command != NULL ? command->name : NULL);
}

static int smaller(int one, int two)
{
    return one < two ? one : two;
}

// How many letters are missing, wrong or too many.
static int distance(const char *one, const char *two)
{
    int d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];
    int length_one = (int)strlen(one);
    int length_two = (int)strlen(two);
    for (int i = 0; i <= length_one; i++)
        for (int j = 0; j <= length_two; j++) {
            d[i][j] = i + j;
            if (i == 0 || j == 0)
                continue;
            bool is_same = one[i - 1] == two[j - 1];
            d[i][j] = smaller(d[i - 1][j - 1] + !is_same,
                              smaller(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == two[j - 2] &&
                one[i - 2] == two[j - 1])
                d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[length_one][length_two];
}

const char *help_nearer(const char *typed, const char *best, const char *name)
{
    int length = (int)strlen(typed);
    if (length > NAME_MAX_LENGTH || strlen(name) > NAME_MAX_LENGTH)
        return best;
    int found = distance(typed, name);
    int before =
        best != NULL ? distance(typed, best) : smaller(NEAR + 1, length);
    return found < before ? name : best;
}

void help_suggest(const char *name)
{
    if (name != NULL)
        fprintf(stderr, "lab: did you mean '%s'?\n", name);
}
