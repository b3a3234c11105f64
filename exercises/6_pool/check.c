// check.c - is it a pool? Steps 6.1 and 6.2, and the program

#include "exercises/6_pool/pool_check.h"

static void numbers_after_the_start(int count)
{
    struct pool pool;
    check_doing(START_HANGS,
                "pool_start with %d, and the workers look at their numbers "
                "after it has returned",
                count);
    reset_workers();
    workers_may_look = 0;
    start_workers(&pool, count, note_number);
    workers_may_look = 1;
    check_until(have_come, &count, PATIENCE_MS * 3);
    expect_numbers(count, "each worker needs an int of its own that stays "
                          "where it is, and not the address of a variable of "
                          "pool_start. And is one thread started for each?");
    check_doing(JOIN_HANGS, "pool_join");
    pool_join(&pool);
}

// The new thread looks at its number before pthread_create has returned.
static void wait_for_it(void *argument)
{
    int *started = argument;
    ++*started;
    check_until(have_come, started, PATIENCE_MS);
}

static void numbers_at_once(void)
{
    struct pool pool;
    int count = 4;
    int started = 0;
    check_doing(START_HANGS,
                "pool_start with %d, and each worker looks at its "
                "number at once",
                count);
    reset_workers();
    threads_after_create(wait_for_it, &started);
    start_workers(&pool, count, note_number);
    threads_after_create(NULL, NULL);
    check_until(have_come, &count, PATIENCE_MS * 3);
    expect_numbers(count, "a thread runs as soon as it is started: its number "
                          "must be there before pthread_create is called");
    check_doing(JOIN_HANGS, "pool_join");
    pool_join(&pool);
}

static void step_numbers(void)
{
    numbers_after_the_start(WORKERS);
    numbers_after_the_start(1);
    numbers_at_once();
}

static void *wait_for_the_others(void *argument)
{
    (void)argument;
    workers_came++;
    while (workers_came < WORKERS)
        take_a_nap();
    workers_returned++;
    return NULL;
}

static void step_parallel(void)
{
    struct pool pool;
    check_doing("a worker has to wait until another one has returned: does "
                "something hold a mutex while it calls `work`, or join in "
                "pool_start?",
                "%d workers, each of which waits until all are there", WORKERS);
    reset_workers();
    start_workers(&pool, WORKERS, wait_for_the_others);
    pool_join(&pool);
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"numbers", step_numbers}, {"parallel", step_parallel},
        {"join", step_join},       {"scarce", step_scarce},
        {"race", step_race},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
