#include "lib/base/options.h"
#include "lib/base/printable.h"
#include "lib/base/process.h"
#include "lib/base/trace.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static bool is_address(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 ||
           inet_pton(AF_INET6, text, address) == 1;
}

static struct option *add(struct options *options, const char *name,
                          const char *help)
{
    assert(options->count < OPTIONS_MAX);
    struct option *option = &options->rows[options->count++];
    *option = (struct option){.name = name, .help = help};
    return option;
}

void options_add_number(struct options *options, const char *name, int *number,
                        int min, int max, const char *help)
{
    struct option *option = add(options, name, help);
    option->argument = "N";
    option->number = number;
    option->min = min;
    option->max = max;
}

void options_add_flag(struct options *options, const char *name, bool *flag,
                      const char *help)
{
    add(options, name, help)->flag = flag;
}

void options_add_setting(struct options *options, const char *name, int *number,
                         int min, int max, const char *help)
{
    options_add_number(options, name, number, min, max, help);
    options->rows[options->count - 1].is_setting = true;
}

void options_add_flag_setting(struct options *options, const char *name,
                              bool *flag, const char *help)
{
    options_add_flag(options, name, flag, help);
    options->rows[options->count - 1].is_setting = true;
}

void options_add_text(struct options *options, const char *name,
                      const char *argument, const char **text, const char *help)
{
    struct option *option = add(options, name, help);
    option->argument = argument;
    option->text = text;
}

void options_init(struct options *options, const char *program,
                  const char *purpose)
{
    process_init();
    signal(SIGPIPE, SIG_IGN); // a client may leave before its response
    *options = (struct options){.program = program,
                                .purpose = purpose,
                                .bind = "127.0.0.1",
                                .port = 8080};
    options_add_text(options, "--bind", "ADDRESS", &options->bind,
                     "listen on this address");
    options->rows[0].accepts = is_address;
    options->rows[0].expected = "an IPv4 or IPv6 address";
    options_add_setting(options, "--port", &options->port, 0, 65535,
                        "listen on this port, 0 for any free one");
    options_add_flag_setting(options, "--quiet", &options->quiet,
                             "print no line per client or job");
    options_add_text(options, "--trace", "FILE", &options->trace,
                     "record what happens, for ui.perfetto.dev");
    options->rows[options->count - 1].accepts = trace_accepts;
    options->rows[options->count - 1].expected =
        "a regular file that can be written";
    options->rows[options->count - 1].is_setting = true;
}

static bool stop(struct options *options, int exit_status)
{
    options->exit_status = exit_status;
    return false;
}

// A value that the command line does not have is from the environment.
static bool reject(struct options *options, const struct option *option,
                   const char *expected, const char *value)
{
    char variable[OPTION_VARIABLE_SIZE];
    char shown[PRINTABLE_WORD];
    option_variable(option, variable);
    fprintf(stderr, "%s: %s%s: expected %s, got '%s'\n", options->program,
            option->is_set ? option->name : variable,
            option->is_set ? "" : " in the environment", expected,
            printable_text(shown, sizeof shown, value));
    return stop(options, EXIT_USAGE);
}

static bool reject_missing(struct options *options, const struct option *option)
{
    fprintf(stderr, "%s: %s: expected a value after it\n", options->program,
            option->name);
    return stop(options, EXIT_USAGE);
}

static bool set_number(struct options *options, const struct option *option,
                       const char *value)
{
    char expected[64];
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    bool is_digits = value[strspn(value, "0123456789")] == '\0';
    if (is_digits && end != value && errno == 0 && number >= option->min &&
        number <= option->max) {
        *option->number = (int)number;
        return true;
    }
    snprintf(expected, sizeof expected, "%d to %d", option->min, option->max);
    return reject(options, option, expected, value);
}

static bool set_text(struct options *options, const struct option *option,
                     const char *value)
{
    if (option->accepts != NULL && !option->accepts(value))
        return reject(options, option, option->expected, value);
    *option->text = value;
    return true;
}

static bool set_value(struct options *options, const struct option *option,
                      const char *value)
{
    return option->number != NULL ? set_number(options, option, value)
                                  : set_text(options, option, value);
}

// Finds "--name" or "--name=value". *value is that value, or NULL.
static struct option *find(struct options *options, const char *argument,
                           const char **value)
{
    size_t length = strcspn(argument, "=");
    *value = argument[length] == '=' ? argument + length + 1 : NULL;
    for (int i = 0; i < options->count; i++)
        if (strlen(options->rows[i].name) == length &&
            strncmp(options->rows[i].name, argument, length) == 0)
            return &options->rows[i];
    return NULL;
}

static bool reject_unknown(struct options *options, const char *argument)
{
    char shown[PRINTABLE_WORD];
    fprintf(stderr, "%s: unknown option '%s': try --help\n", options->program,
            printable_text(shown, sizeof shown, argument));
    return stop(options, EXIT_USAGE);
}

// Sets an option from "--name=value", or from "--name" and the next argument.
// Returns how many arguments it used; 0: the option was rejected.
static int set_option(struct options *options, char **arguments)
{
    const char *value;
    struct option *option = find(options, arguments[0], &value);
    if (option == NULL)
        return reject_unknown(options, arguments[0]);
    option->is_set = true;
    if (option->flag != NULL) {
        *option->flag = true;
        return value == NULL || reject(options, option, "no value", value);
    }
    int count = value == NULL ? 2 : 1;
    if (value == NULL)
        value = arguments[1];
    if (value == NULL)
        return reject_missing(options, option);
    return set_value(options, option, value) ? count : 0;
}

static bool set_flag(struct options *options, const struct option *option,
                     const char *value)
{
    *option->flag = strcmp(value, "1") == 0;
    return *option->flag || strcmp(value, "0") == 0 ||
           reject(options, option, "0 or 1", value);
}

// Sets what the command line did not.
static bool read_environment(struct options *options)
{
    for (int i = 0; i < options->count; i++) {
        const struct option *option = &options->rows[i];
        char variable[OPTION_VARIABLE_SIZE];
        option_variable(option, variable);
        const char *value = getenv(variable);
        if (!option->is_setting || option->is_set || value == NULL ||
            value[0] == '\0')
            continue;
        if (!(option->flag != NULL ? set_flag(options, option, value)
                                   : set_value(options, option, value)))
            return false;
    }
    return true;
}

// The end of the program that printed what it was asked for. The disk may be
// full.
static bool stop_printing(struct options *options)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return stop(options, EXIT_SUCCESS);
    fprintf(stderr, "%s: standard output: %s\n", options->program,
            strerror(errno));
    return stop(options, EXIT_FAILURE);
}

bool options_parse(struct options *options, int argc, char **argv)
{
    int i = 1;
    while (i < argc) {
        if (strcmp(argv[i], "--help") == 0) {
            options_print_help(options);
            return stop_printing(options);
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", options->program, THAW_VERSION);
            return stop_printing(options);
        }
        int count = set_option(options, argv + i);
        if (count == 0)
            return false;
        i += count;
    }
    return read_environment(options);
}
