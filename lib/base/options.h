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
// options_init adds --bind, --port, --quiet and --trace; --help and --version
// are built in. The value that a variable has when it is added is its default.
//
// Some options are settings, by which the lab tells any server what to do
// (lab/CONTRACT.md). What the command line does not say about them, the
// environment may: --work-ms is WORK_MS there. An empty variable says nothing.

#include <stdbool.h>

enum { OPTIONS_MAX = 32 };

struct option {
    const char *name; // "--port"
    const char *help;
    const char *argument; // what --help calls its value; NULL for a flag
    int *number;          // one of these three is where the value goes
    const char **text;
    bool *flag;
    int min, max;                      // of a number
    bool (*accepts)(const char *text); // of a text
    const char *expected;              // what a rejected text should be
    bool is_setting;                   // the environment may say it, too
    bool is_set;                       // by the command line
};

struct options {
    const char *program;
    const char *purpose;
    const char *bind;  // a numeric address
    int port;          // 0: any free port
    bool quiet;        // no line per client or job
    const char *trace; // the file to write; NULL: no trace
    int exit_status;   // set where options_parse returns false
    struct option rows[OPTIONS_MAX];
    int count;
};

// The start of a server: it also calls process_init, and ignores SIGPIPE.
void options_init(struct options *options, const char *program,
                  const char *purpose);

void options_add_number(struct options *options, const char *name, int *number,
                        int min, int max, const char *help);
void options_add_flag(struct options *options, const char *name, bool *flag,
                      const char *help);

// The same, for settings. In the environment a flag is 0 or 1.
void options_add_setting(struct options *options, const char *name, int *number,
                         int min, int max, const char *help);
void options_add_flag_setting(struct options *options, const char *name,
                              bool *flag, const char *help);
void options_add_text(struct options *options, const char *name,
                      const char *argument, const char **text,
                      const char *help);

// False: something was printed (help, the version, or what is wrong), and the
// program ends now with options->exit_status.
bool options_parse(struct options *options, int argc, char **argv);

// For options_parse.
void options_print_help(const struct options *options);

// The name that a setting has in the environment: "WORK_MS".
enum { OPTION_VARIABLE_SIZE = 32 };
void option_variable(const struct option *option,
                     char variable[OPTION_VARIABLE_SIZE]);

#endif
