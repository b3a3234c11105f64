#ifndef THAW_LAB_HELP_H
#define THAW_LAB_HELP_H

// help.h - what a person meant, and what is missing

// Prints "lab try: expected an experiment: see lab list". Returns EXIT_USAGE.
int help_expected(const char *command, const char *expected);

// Prints the part of the usage that is about this command: its own lines, and
// its options. All of it if the command is NULL or not in there.
void help_print(const char *usage, const char *command);

// Which name was meant by what was typed: `name` if it is nearer than `best`,
// else `best`, which is NULL if there is none yet. Two letters differ at most;
// two that changed places count as one.
const char *help_nearer(const char *typed, const char *best, const char *name);

// Prints the name that help_nearer found; nothing if it found none.
void help_suggest(const char *name);

#endif
