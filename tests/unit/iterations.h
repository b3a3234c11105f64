#ifndef THAW_TESTS_UNIT_ITERATIONS_H
#define THAW_TESTS_UNIT_ITERATIONS_H

// iterations.h - runs a loop for so many turns, or for so long, and then stops
// it
//
// A turn is one poll(2), and a call for everyone who is ready or overdue. The
// counter has something to do in each turn that is counted, so none of them
// waits.

#include "stage2_async/loop.h"

#include <check.h>
#include <unistd.h>

struct iterations {
    struct loop *loop;
    int pipe[2]; // nothing goes through it: a descriptor to wake
    int left;
};

static inline short iterations_count(void *context, short revents)
{
    struct iterations *turns = context;
    (void)revents;
    if (turns->left > 0 && --turns->left == 0)
        loop_stop(turns->loop);
    if (turns->left > 0)
        loop_wake(turns->loop, turns->pipe[0]);
    return LOOP_NOTHING;
}

static inline void iterations_init(struct iterations *turns, struct loop *loop)
{
    *turns = (struct iterations){.loop = loop};
    ck_assert_int_eq(pipe(turns->pipe), 0);
    ck_assert_int_eq(
        loop_register(loop, turns->pipe[0], iterations_count, turns), 0);
}

static inline void iterations_run(struct iterations *turns, int count)
{
    turns->left = count;
    loop_wake(turns->loop, turns->pipe[0]);
    ck_assert_int_eq(loop_run(turns->loop), 0);
    ck_assert_int_eq(turns->left, 0); // nobody else stopped it
}

static inline void iterations_run_for(struct iterations *turns,
                                      int milliseconds)
{
    turns->left = 1;
    loop_set_deadline(turns->loop, turns->pipe[0], milliseconds);
    ck_assert_int_eq(loop_run(turns->loop), 0);
    ck_assert_int_eq(turns->left, 0);
}

#endif
