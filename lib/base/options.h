#ifndef THAW_LIB_BASE_OPTIONS_H
#define THAW_LIB_BASE_OPTIONS_H

// options.h - the command line
//
//     struct options options;
//     options_init(&options, "stage5_queue", "A bounded channel.");
//     options_add_number(&options, "--capacity", &capacity, 1, 1000000,
//                        "jobs that may wait");
//     if (!options_parse(&options, argc, argv))
//         return options.exit_status;
//
// Every program has --bind, --port, --quiet, --trace, --help and --version; it
// adds its own. The defaults in --help are the values
// that the variables have. This module prints, because that is what --help is
// for.

#include <stdbool.h>

enum { OPTIONS_MAX = 24 };

struct option {
    const char *name; // "--port"
    const char *help;
    const char *argument; // what --help calls its value; NULL for a flag
    int *number;          // one of these three says where the value goes
    const char **text;
    bool *flag;
    int min, max;                      // of a number
    bool (*accepts)(const char *text); // of a text
    const char *expected;              // what a refused text should have been
};

struct options {
    const char *program;
    const char *purpose;
    const char *bind;  // a numeric address
    int port;          // 0: any free one
    bool quiet;        // no line per job
    const char *trace; // the file for a trace; NULL: none
    int exit_status;   // when options_parse said no
    struct option rows[OPTIONS_MAX];
    int count;
};

void options_init(struct options *options, const char *program,
                  const char *purpose);

void options_add_number(struct options *options, const char *name, int *number,
                        int min, int max, const char *help);
void options_add_flag(struct options *options, const char *name, bool *flag,
                      const char *help);
void options_add_text(struct options *options, const char *name,
                      const char *argument, const char **text,
                      const char *help);

// False: the program ends here with options->exit_status, because it was asked
// for help or its version, or because an option was wrong. That was printed.
bool options_parse(struct options *options, int argc, char **argv);

#endif
