#ifndef THAW_TESTS_UNIT_ITERATIONS_H
#define THAW_TESTS_UNIT_ITERATIONS_H

// iterations.h - runs a loop for some iterations, or some time, and stops it
//
// The counter is woken in each iteration that it counts, so none of them waits.

#include "stage2_async/loop.h"

#include <check.h>
#include <unistd.h>

struct iterations {
    struct loop *loop;
    int pipe[2]; // stays empty: pipe[0] is a descriptor to wake
    int left;
};

static inline short iterations_count(void *context, short revents)
{
    struct iterations *iterations = context;
    (void)revents;
    if (iterations->left > 0 && --iterations->left == 0)
        loop_stop(iterations->loop);
    if (iterations->left > 0)
        loop_wake(iterations->loop, iterations->pipe[0]);
    return 0;
}

static inline void iterations_init(struct iterations *iterations,
                                   struct loop *loop)
{
    *iterations = (struct iterations){.loop = loop};
    ck_assert_int_eq(pipe(iterations->pipe), 0);
    ck_assert_int_eq(
        loop_register(loop, iterations->pipe[0], iterations_count, iterations),
        0);
}

static inline void iterations_run(struct iterations *iterations, int count)
{
    iterations->left = count;
    loop_wake(iterations->loop, iterations->pipe[0]);
    ck_assert_int_eq(loop_run(iterations->loop), 0);
    ck_assert_int_eq(iterations->left, 0); // nothing else stopped the loop
}

static inline void iterations_run_for(struct iterations *iterations,
                                      int milliseconds)
{
    iterations->left = 1;
    loop_set_deadline(iterations->loop, iterations->pipe[0], milliseconds);
    ck_assert_int_eq(loop_run(iterations->loop), 0);
    ck_assert_int_eq(iterations->left, 0);
}

#endif
