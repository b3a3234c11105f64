// What --help prints, and the names of settings in the environment.

#include "lib/base/options.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <string.h>

// Not toupper: its result depends on the locale.
void option_variable(const struct option *option,
                     char variable[OPTION_VARIABLE_SIZE])
{
    const char *name = option->name + strlen("--");
    size_t length = 0;
    for (; name[length] != '\0' && length + 1 < OPTION_VARIABLE_SIZE;
         length++) {
        char byte = name[length];
        bool is_small = byte >= 'a' && byte <= 'z';
        if (byte == '-')
            byte = '_';
        else if (is_small)
            byte = (char)(byte - 'a' + 'A');
        variable[length] = byte;
    }
    variable[length] = '\0';
}

static void print_value(const struct option *option)
{
    if (option->number != NULL)
        printf(" (%d)", *option->number);
    char shown[PRINTABLE_WORD];
    if (option->text != NULL && *option->text != NULL)
        printf(" (%s)", printable_text(shown, sizeof shown, *option->text));
}

// In lines that fit a terminal.
static void print_settings(const struct options *options)
{
    enum { COLUMNS = 80 };
    static const char start[] = "Read from the environment, too:";
    size_t column = strlen(start);
    const char *comma = "";
    printf("\n%s", start);
    for (int i = 0; i < options->count; i++) {
        char variable[OPTION_VARIABLE_SIZE];
        if (!options->rows[i].is_setting)
            continue;
        option_variable(&options->rows[i], variable);
        bool fits = column + strlen(variable) + strlen(", ,") <= COLUMNS;
        column = (fits ? column : 0) + strlen(variable) + strlen(", ");
        printf("%s%s%s", comma, fits ? " " : "\n  ", variable);
        comma = ",";
    }
    printf("\n");
}

void options_print_help(const struct options *options)
{
    printf("%s - %s\n\nUsage: %s [OPTION...]\n\n", options->program,
           options->purpose, options->program);
    for (int i = 0; i < options->count; i++) {
        const struct option *option = &options->rows[i];
        char left[40];
        snprintf(left, sizeof left, "%s %s", option->name,
                 option->argument != NULL ? option->argument : "");
        printf("  %-26s %s", left, option->help);
        print_value(option);
        printf("\n");
    }
    printf("  %-26s %s\n  %-26s %s\n", "--help", "print this, and exit",
           "--version", "print the version, and exit");
    print_settings(options);
}
