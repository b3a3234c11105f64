// test_loop_changes.c - callbacks that wake, watch and drop in the same turn

#include "lib/base/clock.h"
#include "stage2_async/loop.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>

enum { CROWD_MAX = 5000 }; // or fewer, where the descriptor limit is lower

static struct loop loop;
static struct iterations turns;

static void open_loop(void)
{
    init_loop(&loop);
    iterations_init(&turns, &loop);
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static struct probe before;
static struct probe waker;
static struct probe behind;

static void wake_the_others(void)
{
    loop_wake(&loop, before.descriptor);
    loop_wake(&loop, behind.descriptor);
}

// In the order of their descriptors: one the loop has passed already, and one
// it is still to come to.
START_TEST(a_callback_can_wake_others)
{
    probe_open(&before, &loop, POLLIN);
    probe_open(&waker, &loop, POLLIN);
    probe_open(&behind, &loop, POLLIN);
    waker.then = wake_the_others;
    loop_wake(&loop, waker.descriptor);
    iterations_run(&turns, 5);
    ck_assert_int_eq(before.calls, 1);
    ck_assert_int_eq(behind.calls, 1);
}
END_TEST

static struct probe leaver;
static struct probe host;
static struct probe newcomer;

static void leave(void)
{
    close(leaver.descriptor);
}

// The smallest free number is the one that was just given back.
static void welcome(void)
{
    probe_open(&newcomer, &loop, POLLIN);
    ck_assert_int_eq(newcomer.descriptor, leaver.descriptor);
}

static void leave_and_welcome_in_one_turn(void)
{
    leaver.then = leave;
    leaver.wants = LOOP_REMOVE;
    host.then = welcome;
    host.wants = LOOP_NOTHING;
    iterations_run(&turns, 1);
    ck_assert_int_eq(leaver.calls, 1);
    ck_assert_int_eq(host.calls, 1);
    ck_assert_int_eq(newcomer.calls, 0);
}

static void newcomer_is_a_watch_like_any_other(void)
{
    iterations_run(&turns, 3);
    ck_assert_int_eq(newcomer.calls, 0);
    probe_send_byte(&newcomer);
    iterations_run(&turns, 1);
    ck_assert_int_eq(newcomer.calls, 1);
    ck_assert_int_eq(leaver.calls, 1);
}

START_TEST(a_number_is_used_again_in_the_same_turn)
{
    probe_open(&leaver, &loop, POLLIN);
    probe_open(&host, &loop, POLLIN);
    probe_send_byte(&leaver);
    probe_send_byte(&host);
    leave_and_welcome_in_one_turn();
    newcomer_is_a_watch_like_any_other();
}
END_TEST

// The loop still comes to this number, after the host's, when it looks who is
// overdue. The leaver was; the newcomer is not.
START_TEST(whoever_gets_a_number_inherits_no_deadline)
{
    probe_open(&host, &loop, POLLIN);
    probe_open(&leaver, &loop, POLLIN);
    probe_send_byte(&leaver);
    loop_wake(&loop, leaver.descriptor);
    loop_wake(&loop, host.descriptor);
    leave_and_welcome_in_one_turn();
    newcomer_is_a_watch_like_any_other();
}
END_TEST

static struct probe *crowd;
static int crowd_count;

// All of them wait for the same bytes.
static void watch_a_crowd(void)
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
START_TEST(a_callback_may_watch_many_others)
{
    crowd_count = 200;
    crowd = calloc((size_t)crowd_count, sizeof *crowd);
    probe_open(&host, &loop, POLLIN);
    probe_send_byte(&host);
    host.then = watch_a_crowd;
    host.wants = LOOP_NOTHING;
    iterations_run(&turns, 1);
    expect_each_called(1); // at once
    iterations_run(&turns, 1);
    expect_each_called(2);
    ck_assert_int_eq(host.calls, 1);
    free(crowd);
}
END_TEST

START_TEST(thousands_are_called_in_one_turn)
{
    crowd_count = probe_raise_limit(CROWD_MAX + 50) - 50;
    if (is_epoll())
        crowd_count = 200; // more are found in the next turn
    crowd = calloc((size_t)crowd_count, sizeof *crowd);
    probe_open(&host, &loop, LOOP_NOTHING);
    watch_a_crowd();
    iterations_run(&turns, 1);
    expect_each_called(1);
    probe_send_byte(&host);
    iterations_run(&turns, 1);
    expect_each_called(2);
    for (int i = 0; i < crowd_count; i++)
        crowd[i].wants = i % 2 == 0 ? LOOP_REMOVE : LOOP_NOTHING;
    iterations_run(&turns, 5);
    expect_each_called(3);
    free(crowd);
}
END_TEST

// Epoll can't wait for a file. That is how it fails where there is no memory
// too: the deadline comes, and not in each turn.
START_TEST(who_can_not_be_waited_for_has_a_deadline)
{
    struct probe probe = {.wants = POLLIN};
    if (!is_epoll())
        return;
    int file = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(file, 0);
    int64_t start = clock_milliseconds();
    ck_assert_int_eq(loop_register(&loop, file, probe_call, &probe), 0);
    while (probe.deadlines < 3)
        iterations_run_for(&turns, 10);
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
    tcase_add_test(tests, a_number_is_used_again_in_the_same_turn);
    tcase_add_test(tests, whoever_gets_a_number_inherits_no_deadline);
    tcase_add_test(tests, a_callback_may_watch_many_others);
    tcase_add_test(tests, who_can_not_be_waited_for_has_a_deadline);
    tcase_add_test(tests, thousands_are_called_in_one_turn);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
