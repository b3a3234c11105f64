#ifndef THAW_LAB_ARGUMENTS_H
#define THAW_LAB_ARGUMENTS_H

// arguments.h - the lab's command line
//
//     lab WORD... [OPTION...] [-- COMMAND...]
//
// One table has all options: what each means, and which commands take it. From
// it come the help and the messages about an option that a command does not
// take.

#include <stdbool.h>
#include <stdio.h>

// The exit status of a command that did nothing, because the servers that it
// was told to ask cannot start on this machine; for meson, a skipped test.
enum { EXIT_USAGE = 2, EXIT_SKIPPED = 77 };

extern struct arguments {
    int work_ms, clients, seconds, requests, rate, users, port, rounds, seed;
    bool json, markdown, close, help, rude, points, once;
    const char *svg, *trace, *get, *rows, *junit, *loads, *retry;
    char **command;   // after "--"; ends with NULL
    bool has_command; // there was a "--"
} options;

// Removes the options from the words, and the command. Returns how many words
// are left; -1: an option is wrong, and it printed why.
int arguments_take_options(int count, char **words);

// Whether a command of the lab takes all options that were given, and they
// agree with each other. If not, it printed which one is wrong. Sets those that
// were not given and for which the command has a value of its own.
bool arguments_fit(const char *command, bool takes_command);

// Prints the options that a command of the lab takes; NULL: all options.
void arguments_print_options(FILE *file, const char *command);

// False: it is not a number from min to max, and it printed that.
bool arguments_to_number(const char *name, const char *text, int min, int max,
                         int *number);

// Any server of ours, by its word; the sketch only where it is wanted. False:
// it is none, and it printed that.
bool arguments_to_server(const char *word, bool takes_sketch, int *server);

// Prints " build/lab/lab" and the words that were typed after it.
void arguments_print_typed(FILE *file);

#endif
