#ifndef THAW_LAB_ARGUMENTS_H
#define THAW_LAB_ARGUMENTS_H

// arguments.h - the lab's command line
//
//     lab WORD... [OPTION...] [-- COMMAND...]

#include <stdbool.h>

enum { EXIT_USAGE = 2 };

extern const char usage_text[];

extern struct arguments {
    int work_ms, clients, seconds, requests, rate, users, port;
    bool json, markdown, close, help, rude, points;
    const char *svg, *trace, *get, *rows, *junit;
    char **command; // after "--"; ends with NULL
} options;

// Removes the options from the words, and the command. Returns how many words
// are left; -1: an option is wrong, and it printed why.
int arguments_take_options(int count, char **words);

// False: it is not a number from min to max, and it printed that.
bool arguments_to_number(const char *name, const char *text, int min, int max,
                         int *number);

#endif
