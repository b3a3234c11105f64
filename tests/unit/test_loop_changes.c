// test_loop_changes.c - callbacks that wake, register and remove in one
// iteration

#include "lib/base/clock.h"
#include "stage2_async/loop.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>

enum { CROWD_MAX = 5000 }; // or fewer, where the descriptor limit is lower

static struct loop loop;
static struct iterations iterations;

static void open_loop(void)
{
    init_loop(&loop);
    iterations_init(&iterations, &loop);
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static struct probe before;
static struct probe waker;
static struct probe after;

static void wake_the_others(void)
{
    loop_wake(&loop, before.descriptor);
    loop_wake(&loop, after.descriptor);
}

// One whose descriptor is smaller, and one whose descriptor is larger.
START_TEST(a_callback_can_wake_others)
{
    probe_open(&before, &loop, POLLIN);
    probe_open(&waker, &loop, POLLIN);
    probe_open(&after, &loop, POLLIN);
    waker.then = wake_the_others;
    loop_wake(&loop, waker.descriptor);
    iterations_run(&iterations, 5);
    ck_assert_int_eq(before.calls, 1);
    ck_assert_int_eq(after.calls, 1);
}
END_TEST

// poll(2) reports POLLHUP and POLLERR without being asked. A callback that
// waits for something else could do nothing about it, and would be called for
// ever.
START_TEST(what_waits_for_nothing_is_not_told_of_the_end)
{
    probe_open(&waker, &loop, POLLIN);
    waker.wants = 0;
    probe_send_byte(&waker);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(waker.calls, 1);
    close(waker.peer);
    iterations_run(&iterations, 5);
    ck_assert_int_eq(waker.calls, 1);
}
END_TEST

static struct probe leaver;
static struct probe host;
static struct probe newcomer;

static void leave(void)
{
    close(leaver.descriptor);
}

// The smallest free number is the one that was just closed.
static void let_in(void)
{
    probe_open(&newcomer, &loop, POLLIN);
    ck_assert_int_eq(newcomer.descriptor, leaver.descriptor);
}

static void leave_and_let_in(void)
{
    leaver.then = leave;
    leaver.wants = LOOP_REMOVE;
    host.then = let_in;
    host.wants = 0;
    iterations_run(&iterations, 1);
    ck_assert_int_eq(leaver.calls, 1);
    ck_assert_int_eq(host.calls, 1);
    ck_assert_int_eq(newcomer.calls, 0);
}

static void newcomer_is_registered_like_any_other(void)
{
    iterations_run(&iterations, 3);
    ck_assert_int_eq(newcomer.calls, 0);
    probe_send_byte(&newcomer);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(newcomer.calls, 1);
    ck_assert_int_eq(leaver.calls, 1);
}

START_TEST(a_number_is_used_again_in_the_same_iteration)
{
    probe_open(&leaver, &loop, POLLIN);
    probe_open(&host, &loop, POLLIN);
    probe_send_byte(&leaver);
    probe_send_byte(&host);
    leave_and_let_in();
    newcomer_is_registered_like_any_other();
}
END_TEST

// Both deadlines have passed. The loop calls the host first, because its
// descriptor is smaller; then the number of the leaver is the newcomer's.
START_TEST(a_number_that_is_used_again_has_no_old_deadline)
{
    probe_open(&host, &loop, POLLIN);
    probe_open(&leaver, &loop, POLLIN);
    loop_set_deadline(&loop, leaver.descriptor, 0);
    loop_set_deadline(&loop, host.descriptor, 0);
    poll(NULL, 0, 50); // more than a grain of the loop
    probe_send_byte(&leaver);
    leave_and_let_in();
    newcomer_is_registered_like_any_other();
}
END_TEST

static struct probe *crowd;
static int crowd_count;

// All of them wait for the same bytes.
static void register_a_crowd(void)
{
    for (int i = 0; i < crowd_count; i++)
        probe_open_copy(&crowd[i], &loop, &host);
}

static void expect_each_called(int times)
{
    for (int i = 0; i < crowd_count; i++)
        ck_assert_int_eq(crowd[i].calls, times);
}

// While it is called, the loop's arrays grow, and move.
START_TEST(a_callback_may_register_many_others)
{
    crowd_count = 200;
    crowd = calloc((size_t)crowd_count, sizeof *crowd);
    probe_open(&host, &loop, POLLIN);
    probe_send_byte(&host);
    host.then = register_a_crowd;
    host.wants = 0;
    iterations_run(&iterations, 1);
    expect_each_called(1); // at once
    iterations_run(&iterations, 1);
    expect_each_called(2);
    ck_assert_int_eq(host.calls, 1);
    free(crowd);
}
END_TEST

START_TEST(thousands_are_called_in_one_iteration)
{
    crowd_count = probe_raise_limit(CROWD_MAX + 50) - 50;
    if (is_epoll())
        crowd_count = 200; // more are found in the next iteration
    crowd = calloc((size_t)crowd_count, sizeof *crowd);
    probe_open(&host, &loop, 0);
    register_a_crowd();
    iterations_run(&iterations, 1);
    expect_each_called(1);
    probe_send_byte(&host);
    iterations_run(&iterations, 1);
    expect_each_called(2);
    for (int i = 0; i < crowd_count; i++)
        crowd[i].wants = i % 2 == 0 ? LOOP_REMOVE : 0;
    iterations_run(&iterations, 5);
    expect_each_called(3);
    free(crowd);
}
END_TEST

// Epoll can't wait for a file. That is how it fails where there is no memory
// too: its deadline passes now and then, and not in each iteration.
START_TEST(a_descriptor_that_the_backend_can_not_take_has_a_deadline)
{
    struct probe probe = {.wants = POLLIN};
    if (!is_epoll())
        return;
    int file = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(file, 0);
    int64_t start = clock_milliseconds();
    ck_assert_int_eq(loop_register(&loop, file, probe_call, &probe), 0);
    while (probe.deadlines < 3)
        iterations_run_for(&iterations, 10);
    ck_assert_int_ge(clock_milliseconds() - start, 200);
    ck_assert_int_eq(probe.calls, 1 + probe.deadlines);
    close(file);
}
END_TEST

static Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop changes");
    TCase *tests = tcase_create("changes");
    tcase_add_checked_fixture(tests, open_loop, destroy_loop);
    tcase_add_test(tests, a_callback_can_wake_others);
    tcase_add_test(tests, what_waits_for_nothing_is_not_told_of_the_end);
    tcase_add_test(tests, a_number_is_used_again_in_the_same_iteration);
    tcase_add_test(tests, a_number_that_is_used_again_has_no_old_deadline);
    tcase_add_test(tests, a_callback_may_register_many_others);
    tcase_add_test(tests,
                   a_descriptor_that_the_backend_can_not_take_has_a_deadline);
    tcase_add_test(tests, thousands_are_called_in_one_iteration);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
