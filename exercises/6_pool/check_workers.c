// check_workers.c - workers that say what they did, and can be held

#include "exercises/6_pool/pool_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_int times[WORKERS + 2]; // how often each number came
atomic_int workers_came;
atomic_int workers_returned;
atomic_int workers_may_look;
atomic_int worker_held;

bool have_come(void *argument)
{
    const int *wanted = argument; // how many came
    return workers_came >= *wanted;
}

void reset_workers(void)
{
    for (int i = 0; i < WORKERS + 2; i++)
        times[i] = 0;
    workers_came = workers_returned = worker_held = 0;
    workers_may_look = 1;
}

void take_a_nap(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    nanosleep(&millisecond, NULL);
}

void *note_number(void *argument)
{
    while (workers_may_look == 0)
        take_a_nap();
    int number = *(const int *)argument;
    times[number >= 1 && number <= WORKERS ? number : WORKERS + 1]++;
    workers_came++;
    while (worker_held == number)
        take_a_nap();
    workers_returned++;
    return NULL;
}

void start_workers(struct pool *pool, int count, void *work(void *))
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

void expect_numbers(int count, const char *likely)
{
    bool is_right = workers_came == count;
    for (int number = 1; number <= WORKERS + 1; number++)
        if (times[number] != (number <= count ? 1 : 0))
            is_right = false;
    check_that(is_right,
               check_text("%d of %d workers, with the numbers%s",
                          (int)workers_came, count, list_numbers()),
               check_text("%d workers, with the numbers 1 to %d", count, count),
               likely);
}
