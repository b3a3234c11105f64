// check.c - is it a pool? One function for each step of exercise 6.
//
// It calls pool_start and pool_join only, so any right pool passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "stage6_pool/pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    WORKERS = 8,
    PATIENCE_MS = 300, // for what a right pool may never do
    ROUNDS = 50,
};

#define JOIN_HANGS                                                             \
    "all workers have returned, but pool_join waits on: does it join each "    \
    "thread once, and only those that were started?"
#define START_HANGS                                                            \
    "pool_start waits for a worker: it must start all of them, and wait for "  \
    "none"

// What the workers do is told by these: `work` gets only a number.
static atomic_int times[WORKERS + 2]; // how often each number came
static atomic_int came;
static atomic_int returned;
static atomic_int may_look; // at their numbers
static atomic_int held; // the number of the worker that may not return, or 0

static bool reached(void *argument)
{
    const int *wanted = argument; // how many came
    return came >= *wanted;
}

static void reset(void)
{
    for (int i = 0; i < WORKERS + 2; i++)
        times[i] = 0;
    came = returned = held = 0;
    may_look = 1;
}

static void nap(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    nanosleep(&millisecond, NULL);
}

static void *note_number(void *argument)
{
    while (may_look == 0)
        nap();
    int number = *(const int *)argument;
    times[number >= 1 && number <= WORKERS ? number : WORKERS + 1]++;
    came++;
    while (held == number)
        nap();
    returned++;
    return NULL;
}

static void start_workers(struct pool *pool, int count, void *work(void *))
{
    errno = 0;
    int result = pool_start(pool, count, work);
    check_that(
        result == 0,
        check_text("pool_start returned %d, errno is \"%s\"", result,
                   strerror(errno)),
        "0",
        "does pool_start return 0 when all threads are there? Or has this "
        "machine no threads left (ulimit -u)?");
}

static const char *list_numbers(void)
{
    static char text[200];
    size_t length = 0;
    text[0] = '\0';
    for (int number = 1; number <= WORKERS + 1; number++) {
        for (int i = 0; i < times[number] && length < sizeof text - 16; i++)
            length +=
                (size_t)snprintf(text + length, sizeof text - length,
                                 number > WORKERS ? " another" : " %d", number);
    }
    return length == 0 ? " none" : text;
}

static void expect_numbers(int count, const char *likely)
{
    bool is_right = came == count;
    for (int number = 1; number <= WORKERS + 1; number++)
        if (times[number] != (number <= count ? 1 : 0))
            is_right = false;
    check_that(is_right,
               check_text("%d of %d workers, with the numbers%s", (int)came,
                          count, list_numbers()),
               check_text("%d workers, with the numbers 1 to %d", count, count),
               likely);
}

// --- 6.1 each worker has its own number -------------------------------------

static void numbers_after_the_start(int count)
{
    struct pool pool;
    check_doing(START_HANGS,
                "pool_start with %d, and the workers look at their numbers "
                "after it has returned",
                count);
    reset();
    may_look = 0;
    start_workers(&pool, count, note_number);
    may_look = 1;
    check_until(reached, &count, PATIENCE_MS * 3);
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
    check_until(reached, started, PATIENCE_MS);
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
    reset();
    threads_after_create(wait_for_it, &started);
    start_workers(&pool, count, note_number);
    threads_after_create(NULL, NULL);
    check_until(reached, &count, PATIENCE_MS * 3);
    expect_numbers(count, "a thread runs as soon as it is started: its number "
                          "must be there before pthread_create is called");
    check_doing(JOIN_HANGS, "pool_join");
    pool_join(&pool);
}

static void numbers(void)
{
    numbers_after_the_start(WORKERS);
    numbers_after_the_start(1);
    numbers_at_once();
}

// --- 6.2 all work at the same time ------------------------------------------

static void *wait_for_the_others(void *argument)
{
    (void)argument;
    came++;
    while (came < WORKERS)
        nap();
    returned++;
    return NULL;
}

static void parallel(void)
{
    struct pool pool;
    check_doing("a worker has to wait until another one has returned: does "
                "something hold a mutex while it calls `work`, or join in "
                "pool_start?",
                "%d workers, each of which waits until all are there", WORKERS);
    reset();
    start_workers(&pool, WORKERS, wait_for_the_others);
    pool_join(&pool);
}

// --- 6.3 join waits for all -------------------------------------------------

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
    reset();
    held = number;
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
    held = 0;
    pthread_join(joiner, NULL);
    check_that(returned == WORKERS,
               check_text("%d workers have returned", (int)returned),
               check_text("%d", WORKERS), "pthread_join once for each thread");
}

static void join_step(void)
{
    hold(1);
    hold(WORKERS / 2);
    hold(WORKERS);
}

// --- 6.4 a thread that cannot be started ------------------------------------

static void fail_at(int started)
{
    struct pool pool;
    check_doing(START_HANGS,
                "pool_start with 4, and pthread_create fails after %d thread%s "
                "with EAGAIN",
                started, started == 1 ? "" : "s");
    reset();
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
    check_that(returned == started && came == started,
               check_text("%d workers ran, and %d have returned", (int)came,
                          (int)returned),
               check_text("%d and %d", started, started),
               "those that were started run on, and pool_join waits for them");
}

static void scarce(void)
{
    if (!threads_are_seen()) {
        check_doing("", "nothing: the linker of this system cannot replace "
                        "pthread_create");
        return;
    }
    for (int started = 0; started < 4; started++)
        fail_at(started);
}

// --- 6.5 no data race -------------------------------------------------------

static int sums[WORKERS + 1]; // each worker has its own

static void *add(void *argument)
{
    int number = *(const int *)argument;
    for (int i = 0; i < 100; i++)
        sums[number]++;
    return NULL;
}

static void race(void)
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

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"numbers", numbers}, {"parallel", parallel}, {"join", join_step},
        {"scarce", scarce},   {"race", race},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
