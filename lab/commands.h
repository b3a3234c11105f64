#ifndef THAW_LAB_COMMANDS_H
#define THAW_LAB_COMMANDS_H

// commands.h - what each command of the lab does with the words after its name
//
// They return the exit status; EXIT_USAGE: a word is wrong, and it is printed
// what was expected. The options are in arguments.h.

// commands_six.c
int do_tour(int count, char **words);
int do_list(int count, char **words);
int do_try(int count, char **words);
int do_matrix(int count, char **words);
int do_rude(int count, char **words);
int do_diff(int count, char **words);
int do_timeline(int count, char **words);

// commands_any.c
int do_load(int count, char **words);
int do_watch(int count, char **words);
int do_overload(int count, char **words);
int do_judge(int count, char **words);

#endif
