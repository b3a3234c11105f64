// check_join.c - 6.3 to 6.5: the end of the workers

#include "exercises/6_pool/pool_check.h"

#include <errno.h>
#include <string.h>

enum { ROUNDS = 50 };

static struct pool joined_pool;
static atomic_bool is_joined;

static void *join(void *argument)
{
    (void)argument;
    pool_join(&joined_pool);
    is_joined = true;
    return NULL;
}

static bool joined(void *argument)
{
    (void)argument;
    return is_joined;
}

static void hold(int number)
{
    pthread_t joiner;
    check_doing(JOIN_HANGS,
                "pool_join, while worker %d of %d has not returned, and all "
                "others have",
                number, WORKERS);
    reset_workers();
    worker_held = number;
    is_joined = false;
    start_workers(&joined_pool, WORKERS, note_number);
    check_that(pthread_create(&joiner, NULL, join, NULL) == 0, "no thread",
               "a thread", "this machine has no threads left: see ulimit -u");
    check_until(joined, NULL, PATIENCE_MS / 2);
    check_that(
        !is_joined,
        check_text("pool_join returned, and worker %d still runs", number),
        "pool_join waits for all of them",
        "pthread_join once for each thread, from the first to the last. "
        "A worker that runs on would use what main releases next");
    worker_held = 0;
    pthread_join(joiner, NULL);
    check_that(workers_returned == WORKERS,
               check_text("%d workers have returned", (int)workers_returned),
               check_text("%d", WORKERS), "pthread_join once for each thread");
}

void step_join(void)
{
    hold(1);
    hold(WORKERS / 2);
    hold(WORKERS);
}

static void fail_at(int started)
{
    struct pool pool;
    check_doing(START_HANGS,
                "pool_start with 4, and pthread_create fails after %d thread%s "
                "with EAGAIN",
                started, started == 1 ? "" : "s");
    reset_workers();
    threads_fail_create(started);
    errno = 0;
    int result = pool_start(&pool, 4, note_number);
    int error = errno;
    threads_fail_create(-1);
    check_that(result == -1, check_text("pool_start returned %d", result), "-1",
               "look at what pthread_create returns, and stop at the first "
               "that is not 0");
    check_that(error == EAGAIN,
               check_text("errno is %d, \"%s\"", error, strerror(error)),
               check_text("errno is %d, \"%s\"", EAGAIN, strerror(EAGAIN)),
               "pthread_create returns its error, and does not set errno: "
               "pool_start must do that");
    check_doing("pool_join waits for a thread that was never started: count "
                "only those that were",
                "pool_join, after %d of 4 threads were started", started);
    int before = threads_joined;
    pool_join(&pool);
    check_that(threads_joined - before <= started,
               check_text("%d threads were joined", threads_joined - before),
               check_text("%d", started),
               "pool_join waits for those that were started: count them one "
               "by one");
    check_that(workers_returned == started && workers_came == started,
               check_text("%d workers ran, and %d have returned",
                          (int)workers_came, (int)workers_returned),
               check_text("%d and %d", started, started),
               "those that were started run on, and pool_join waits for them");
}

void step_scarce(void)
{
    if (!threads_are_seen()) {
        check_doing("", "nothing: the linker of this system cannot replace "
                        "pthread_create");
        return;
    }
    for (int started = 0; started < 4; started++)
        fail_at(started);
}

static int sums[WORKERS + 1]; // each worker has its own

static void *add(void *argument)
{
    int number = *(const int *)argument;
    for (int i = 0; i < 100; i++)
        sums[number]++;
    return NULL;
}

void step_race(void)
{
    struct pool pool;
    check_doing(JOIN_HANGS,
                "%d workers count to 100, %d times, and after "
                "pool_join their counts are read",
                WORKERS, ROUNDS);
    for (int i = 1; i <= ROUNDS; i++) {
        start_workers(&pool, WORKERS, add);
        pool_join(&pool);
        for (int number = 1; number <= WORKERS; number++)
            check_that(sums[number] == 100 * i,
                       check_text("worker %d: %d", number, sums[number]),
                       check_text("%d", 100 * i),
                       "pool_join waits until all workers have returned");
    }
}
