// test_pool.c - several threads that run the same function in parallel
//
// The function gets only its number, so what the workers share is static here.

#include "stage6_pool/pool.h"
#include "stage5_queue/channel.h"
#include "tests/unit/gate.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdatomic.h>

enum { WORKERS = 8, JOBS = 1000 };

static struct gate all_here;
static struct gate may_return;
static struct channel jobs; // of int
static atomic_int times_started[WORKERS + 1];
static atomic_int returned;
static atomic_int sum;

static void start(struct pool *pool, int count, void *work(void *))
{
    ck_assert_int_eq(pool_start(pool, count, work), 0);
}

static void *note_number(void *argument)
{
    int number = *(const int *)argument;
    if (number >= 1 && number <= WORKERS)
        times_started[number]++;
    return NULL;
}

START_TEST(workers_are_numbered_from_one)
{
    struct pool pool;
    start(&pool, WORKERS, note_number);
    pool_join(&pool);
    for (int number = 1; number <= WORKERS; number++)
        ck_assert_int_eq(times_started[number], 1);
}
END_TEST

START_TEST(a_pool_of_one)
{
    struct pool pool;
    start(&pool, 1, note_number);
    pool_join(&pool);
    ck_assert_int_eq(times_started[1], 1);
    ck_assert_int_eq(times_started[2], 0);
}
END_TEST

static void *wait_for_the_others(void *argument)
{
    (void)argument;
    gate_pass(&all_here);
    return NULL;
}

// The gate opens when the last worker has come. If they ran one by one, the
// first would wait for ever.
START_TEST(all_workers_run_in_parallel)
{
    struct pool pool;
    gate_init(&all_here, WORKERS);
    start(&pool, WORKERS, wait_for_the_others);
    pool_join(&pool);
    ck_assert_int_eq(all_here.arrived, WORKERS);
}
END_TEST

static void *return_late(void *argument)
{
    int number = *(const int *)argument;
    gate_pass(&may_return);
    for (int i = 0; i < number * 100; i++)
        sched_yield();
    returned++;
    return NULL;
}

START_TEST(join_waits_until_all_have_returned)
{
    struct pool pool;
    gate_init(&may_return, WORKERS + 1);
    start(&pool, WORKERS, return_late);
    gate_pass(&may_return);
    pool_join(&pool);
    ck_assert_int_eq(returned, WORKERS);
}
END_TEST

static void *add_numbers(void *argument)
{
    (void)argument;
    int job;
    while (channel_receive(&jobs, &job))
        sum += job;
    return NULL;
}

// No call stops a pool: closing the channel that it works on does.
START_TEST(closing_their_channel_ends_the_workers_after_the_last_job)
{
    struct pool pool;
    ck_assert_int_eq(channel_init(&jobs, JOBS, sizeof(int)), 0);
    start(&pool, WORKERS, add_numbers);
    for (int job = 1; job <= JOBS; job++)
        ck_assert_int_eq(channel_try_send(&jobs, &job), CHANNEL_SENT);
    channel_close(&jobs);
    pool_join(&pool);
    ck_assert_int_eq(sum, JOBS * (JOBS + 1) / 2);
    channel_destroy(&jobs);
}
END_TEST

static Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("workers");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_test(tests, workers_are_numbered_from_one);
    tcase_add_test(tests, a_pool_of_one);
    tcase_add_test(tests, all_workers_run_in_parallel);
    tcase_add_test(tests, join_waits_until_all_have_returned);
    tcase_add_test(tests,
                   closing_their_channel_ends_the_workers_after_the_last_job);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(pool_suite());
}
