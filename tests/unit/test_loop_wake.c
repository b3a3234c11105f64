// test_loop_wake.c - callbacks that are woken
//
// That waking leaves the deadline alone is in test_loop_deadlines.c.

#include "stage2_async/loop.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

enum { CROWD_MAX = 5000 }; // or fewer, where the descriptor limit is lower

static struct loop loop;
static struct iterations iterations;
static struct probe host;

static void open_loop(void)
{
    init_loop(&loop);
    iterations_init(&iterations, &loop);
    probe_open(&host, &loop, POLLIN);
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static struct probe busy;

static void wake_busy(void)
{
    loop_wake(&loop, busy.descriptor);
}

static void open_busy(void)
{
    probe_open(&busy, &loop, 0);
    busy.then = wake_busy;
    wake_busy();
}

START_TEST(a_callback_that_wakes_itself_is_called_once_in_each_iteration)
{
    open_busy();
    iterations_run(&iterations, 10);
    ck_assert_int_eq(busy.calls, 10);
}
END_TEST

START_TEST(a_callback_that_wakes_itself_does_not_hold_up_ready_descriptors)
{
    open_busy();
    probe_send_byte(&host);
    iterations_run(&iterations, 10);
    ck_assert_int_eq(host.calls, 10);
}
END_TEST

// If the deadline never passed, this would not end.
START_TEST(a_callback_that_wakes_itself_does_not_hold_up_deadlines)
{
    open_busy();
    loop_set_deadline(&loop, host.descriptor, 1);
    while (host.deadlines == 0)
        iterations_run(&iterations, 1);
    ck_assert_int_eq(host.calls, 1);
}
END_TEST

static struct probe *crowd;
static int crowd_count;

static short count_call(void *context, short revents)
{
    (void)revents;
    ((struct probe *)context)->calls++;
    return 0;
}

static short count_call_and_wake(void *context, short revents)
{
    loop_wake(&loop, ((struct probe *)context)->descriptor);
    return count_call(context, revents);
}

// Their calls at registration are not counted.
static void register_crowd(int count, loop_callback *callback)
{
    crowd_count = probe_raise_limit(count + 50) - 50;
    crowd = calloc((size_t)crowd_count, sizeof *crowd);
    ck_assert_ptr_nonnull(crowd);
    for (int i = 0; i < crowd_count; i++) {
        crowd[i].descriptor = dup(host.descriptor);
        ck_assert_int_ge(crowd[i].descriptor, 0);
        ck_assert_int_eq(
            loop_register(&loop, crowd[i].descriptor, callback, &crowd[i]), 0);
        crowd[i].calls = 0;
    }
}

static void wake_crowd(void)
{
    for (int i = 0; i < crowd_count; i++) {
        loop_wake(&loop, crowd[i].descriptor);
        loop_wake(&loop, crowd[i].descriptor);
    }
}

static void expect_each_called(int times)
{
    for (int i = 0; i < crowd_count; i++)
        ck_assert_int_eq(crowd[i].calls, times);
}

START_TEST(thousands_that_are_woken_in_one_iteration_are_each_called_once)
{
    register_crowd(CROWD_MAX, count_call);
    host.then = wake_crowd;
    host.wants = 0;
    probe_send_byte(&host);
    iterations_run(&iterations, 1);
    expect_each_called(1);
    iterations_run(&iterations, 3);
    expect_each_called(1);
    free(crowd);
}
END_TEST

START_TEST(thousands_may_wake_themselves_in_each_iteration)
{
    register_crowd(CROWD_MAX, count_call_and_wake); // registering wakes them
    for (int i = 1; i <= 3; i++) {
        iterations_run(&iterations, 1);
        expect_each_called(i);
    }
    free(crowd);
}
END_TEST

static int reused; // a number that was woken and removed again and again
static struct probe newcomer;

static short wake_and_leave(void *context, short revents)
{
    int descriptor = *(const int *)context;
    (void)revents;
    loop_wake(&loop, descriptor);
    close(descriptor);
    return LOOP_REMOVE;
}

// In the end, the same number is a newcomer's.
static void use_one_number_many_times(void)
{
    for (int i = 0; i < CROWD_MAX; i++) {
        int descriptor = dup(host.descriptor);
        ck_assert_int_eq(
            loop_register(&loop, descriptor, wake_and_leave, &descriptor), 0);
        ck_assert(i == 0 || descriptor == reused);
        reused = descriptor;
    }
    probe_open(&newcomer, &loop, POLLIN);
    ck_assert_int_eq(newcomer.descriptor, reused);
}

// The first CROWD_MAX wake-ups were for others. The newcomer may get one call
// of theirs, which it must bear; and no list grows with each wake-up.
START_TEST(a_number_that_is_used_again_gets_at_most_one_call_too_many)
{
    host.then = use_one_number_many_times;
    host.wants = 0;
    probe_send_byte(&host);
    iterations_run(&iterations, 5);
    ck_assert_int_eq(host.calls, 1);
    ck_assert_int_le(newcomer.calls, 1);
    ck_assert_int_eq(loop.woken_count, 0);
}
END_TEST

static clock_t fastest_wake_ups(void)
{
    clock_t fastest = 0;
    for (int i = 0; i < 5; i++) {
        clock_t start = clock();
        iterations_run(&iterations, 5000);
        clock_t taken = clock() - start;
        fastest = i == 0 || taken < fastest ? taken : fastest;
    }
    return fastest;
}

// poll(2) itself looks at all descriptors, in each iteration.
START_TEST(waking_costs_the_same_however_many_are_registered)
{
    if (!is_epoll())
        return;
    clock_t beside_few = fastest_wake_ups();
    register_crowd(CROWD_MAX, count_call);
    clock_t beside_many = fastest_wake_ups();
    ck_assert_msg(beside_many <= 3 * beside_few,
                  "%ld clock ticks beside few descriptors, %ld beside %d",
                  (long)beside_few, (long)beside_many, crowd_count);
    free(crowd);
}
END_TEST

static Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop wake");
    TCase *tests = tcase_create("waking");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_loop, destroy_loop);
    tcase_add_test(
        tests, a_callback_that_wakes_itself_is_called_once_in_each_iteration);
    tcase_add_test(
        tests, a_callback_that_wakes_itself_does_not_hold_up_ready_descriptors);
    tcase_add_test(tests,
                   a_callback_that_wakes_itself_does_not_hold_up_deadlines);
    tcase_add_test(
        tests, thousands_that_are_woken_in_one_iteration_are_each_called_once);
    tcase_add_test(tests, thousands_may_wake_themselves_in_each_iteration);
    tcase_add_test(tests,
                   a_number_that_is_used_again_gets_at_most_one_call_too_many);
    tcase_add_test(tests, waking_costs_the_same_however_many_are_registered);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
