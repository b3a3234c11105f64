#ifndef THAW_EXERCISES_POOL_POOL_CHECK_H
#define THAW_EXERCISES_POOL_POOL_CHECK_H

// pool_check.h - what the files of the check of exercise 6 share
//
//     check.c          6.1 and 6.2, and the program
//     check_join.c     6.3, 6.4 and 6.5
//     check_workers.c  workers that say what they did, and can be held
//
// They call pool_start and pool_join only, so any right pool passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "stage6_pool/pool.h"

#include <stdatomic.h>

enum {
    WORKERS = 8,
    PATIENCE_MS = 300, // for what a right pool may never do
};

#define JOIN_HANGS                                                             \
    "all workers have returned, but pool_join waits on: does it join each "    \
    "thread once, and only those that were started?"
#define START_HANGS                                                            \
    "pool_start waits for a worker: it must start all of them, and wait for "  \
    "none"

// The steps that are not in check.c.
void step_join(void);
void step_scarce(void);
void step_race(void);

// What the workers do is told by these: `work` gets only a number.
extern atomic_int workers_came;
extern atomic_int workers_returned;
extern atomic_int workers_may_look; // at their numbers
extern atomic_int
    worker_held; // the number of the worker that may not return, or 0

bool have_come(void *argument); // for check_until: so many, an int
void reset_workers(void);
void take_a_nap(void);
void *note_number(void *argument); // the work of such a worker
void start_workers(struct pool *pool, int count, void *work(void *));

// Has each number from 1 to `count` come, once?
void expect_numbers(int count, const char *likely);

#endif
