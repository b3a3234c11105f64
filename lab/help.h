#ifndef THAW_LAB_HELP_H
#define THAW_LAB_HELP_H

// help.h - what a person meant, and what is missing

#include <stdbool.h>
#include <stdio.h>

// A command of the lab: a row of the table in main.c, which ends with a NULL.
struct help_command {
    const char *name;
    int (*perform)(int count, char **words); // with the words after the name
    enum {
        HELP_NO_STAGE,
        HELP_BEYOND, // a number from 1 to 6, or a server in beyond/: lanes
        HELP_SKETCH, // the same, or the sketch
    } takes;
    bool takes_command; // after "--"
    const char *usage;  // its lines in the help
};

// Prints "lab try: expected an experiment: see lab list". Returns EXIT_USAGE.
int help_expected(const char *command, const char *expected);

// Prints what a command is for, and its options. All commands if it is NULL.
void help_print(FILE *file, const struct help_command *commands,
                const struct help_command *command);

// Which name was meant by what was typed: `name` if it is nearer than `best`,
// else `best`, which is NULL if there is none yet. Two letters differ at most;
// two that changed places count as one.
const char *help_nearer(const char *typed, const char *best, const char *name);

// Prints the name that help_nearer found; nothing if it found none.
void help_suggest(const char *name);

#endif
