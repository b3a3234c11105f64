#ifndef THAW_EXERCISES_CHECK_H
#define THAW_EXERCISES_CHECK_H

// check.h - what the checks of the exercises share
//
//     check_doing("who signals?", "a job, while %d consumers wait", 2);
//     ... call what the learner wrote ...
//     check_that(received, "false", "true", "does close discard the jobs?");
//
// * A check is a program with a function for each step: "check full".
// * It prints "doing: ..." before each part; and "came: ...", "wanted: ..." and
//   "likely: ..." where it ends. ./workshop check makes a text of them.
// * A part that hangs is ended after some seconds, with its likely cause.
// * The last line is a word that only check_main knows. Without it the step
//   failed, also when the learner's code calls exit(0).

#include <stdbool.h>
#include <stddef.h>

struct check {
    const char *name;
    void (*run)(void);
};

int check_main(int argc, char **argv, const struct check *checks, size_t count);

// What is done next, and the likely cause if it does not end. `if_it_hangs`
// must stay.
__attribute__((format(printf, 2, 3))) void check_doing(const char *if_it_hangs,
                                                       const char *format, ...);

// The likely cause if what is done next crashes. `if_it_crashes` must stay. The
// sanitizers have reports of their own.
void check_crash(const char *if_it_crashes);

// When it is not right, prints the three texts and ends the program with 1. The
// texts are made only then.
#define check_that(is_right, came, wanted, likely)                             \
    do {                                                                       \
        if (!(is_right))                                                       \
            check_fail(came, wanted, likely);                                  \
    } while (0)

_Noreturn void check_fail(const char *came, const char *wanted,
                          const char *likely);

// A text for check_that; the next few calls leave it alone.
__attribute__((format(printf, 1, 2))) const char *check_text(const char *format,
                                                             ...);

// Sleeps until it is true, or the time is over. Returns whether it is true.
bool check_until(bool is_true(void *), void *context, int milliseconds);

#endif
