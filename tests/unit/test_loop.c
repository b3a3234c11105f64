// test_loop.c - who is called, and who is not
//
// Callbacks that change the loop are in test_loop_changes.c, deadlines in
// test_loop_deadlines.c.

#include "stage2_async/loop.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

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

START_TEST(a_callback_is_called_at_once_when_watched)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    struct probe another = {.wants = POLLIN};
    ck_assert_int_eq(loop_register(&loop, probe.peer, probe_call, &another), 0);
    ck_assert_int_eq(another.calls, 1);
    ck_assert_int_eq(another.revents, POLLIN | POLLOUT);
}
END_TEST

START_TEST(a_callback_is_called_when_there_is_something_to_read)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    iterations_run(&turns, 3);
    ck_assert_int_eq(probe.calls, 0);
    probe_send_byte(&probe);
    iterations_run(&turns, 3);
    ck_assert_int_eq(probe.calls, 3); // in each turn, until it is read
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

START_TEST(a_callback_waits_for_what_it_returned_last)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLOUT);
    iterations_run(&turns, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, POLLOUT);
    probe.wants = POLLIN; // in the next call
    iterations_run(&turns, 5);
    ck_assert_int_eq(probe.calls, 2);
    probe_send_byte(&probe);
    iterations_run(&turns, 1);
    ck_assert_int_eq(probe.calls, 3);
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

// Nor is it told that the other side left, which poll(2) tells everybody.
START_TEST(who_waits_for_nothing_is_not_called)
{
    struct probe probe;
    probe_open(&probe, &loop, LOOP_NOTHING);
    probe_send_byte(&probe);
    close(probe.peer);
    iterations_run(&turns, 5);
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(who_waits_for_nothing_can_be_woken)
{
    struct probe probe;
    probe_open(&probe, &loop, LOOP_NOTHING);
    probe_send_byte(&probe);
    loop_wake(&loop, probe.descriptor);
    probe.wants = POLLIN;
    iterations_run(&turns, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, POLLIN | POLLOUT); // perhaps: try
    iterations_run(&turns, 1);
    ck_assert_int_eq(probe.calls, 2);
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

START_TEST(waking_calls_once)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    loop_wake(&loop, probe.descriptor);
    loop_wake(&loop, probe.descriptor);
    iterations_run(&turns, 5);
    ck_assert_int_eq(probe.calls, 1);
}
END_TEST

START_TEST(the_other_sides_end_is_something_to_read)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    close(probe.peer);
    iterations_run(&turns, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents & POLLIN, POLLIN);
}
END_TEST

// Its descriptor stays open here, there is a byte to read, somebody wakes it
// and its deadline comes: nothing of that counts any more.
START_TEST(a_dropped_one_is_never_called_again)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    probe.wants = LOOP_REMOVE;
    probe_send_byte(&probe);
    loop_wake(&loop, probe.descriptor);
    iterations_run(&turns, 5);
    ck_assert_int_eq(probe.calls, 1);
}
END_TEST

START_TEST(one_that_is_dropped_at_once_was_called_once)
{
    struct probe probe;
    probe_open(&probe, &loop, LOOP_REMOVE);
    probe_send_byte(&probe);
    iterations_run(&turns, 5);
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

static void stop_the_loop(void)
{
    loop_stop(&loop);
}

START_TEST(the_loop_can_be_stopped_and_run_again)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    probe.then = stop_the_loop;
    probe_send_byte(&probe);
    for (int i = 1; i <= 3; i++) {
        ck_assert_int_eq(loop_run(&loop), 0);
        ck_assert_int_eq(probe.calls, i);
    }
}
END_TEST

static int waits;
static int calls_by_then;

static void count_wait(void *context)
{
    const struct probe *probe = context;
    waits++;
    calls_by_then = probe->calls;
}

// Also before the first time: what was watched was called already.
START_TEST(a_loop_says_each_time_that_it_will_wait)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    loop_before_wait(&loop, count_wait, &probe);
    ck_assert_int_eq(waits, 0);
    iterations_run(&turns, 1);
    ck_assert_int_eq(waits, 1);
    ck_assert_int_eq(calls_by_then, 0);
    probe_send_byte(&probe);
    iterations_run(&turns, 5);
    ck_assert_int_eq(waits, 1 + 5);
    ck_assert_int_eq(calls_by_then, 4); // the fifth is behind the last wait
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

static struct probe target;

static void *send_signals(void *thread)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 20; i++) {
        pthread_kill(*(const pthread_t *)thread, SIGUSR1);
        nanosleep(&pause, NULL);
    }
    probe_send_byte(&target);
    return NULL;
}

START_TEST(a_signal_neither_ends_the_loop_nor_calls_anybody)
{
    pthread_t sender;
    pthread_t receiver = pthread_self();
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    probe_open(&target, &loop, POLLIN);
    target.then = stop_the_loop;
    ck_assert_int_eq(pthread_create(&sender, NULL, send_signals, &receiver), 0);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(target.calls, 1);
    pthread_join(sender, NULL);
}
END_TEST

static Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = tcase_create("calls");
    tcase_add_checked_fixture(tests, open_loop, destroy_loop);
    tcase_add_test(tests, a_callback_is_called_at_once_when_watched);
    tcase_add_test(tests, a_callback_is_called_when_there_is_something_to_read);
    tcase_add_test(tests, a_callback_waits_for_what_it_returned_last);
    tcase_add_test(tests, who_waits_for_nothing_is_not_called);
    tcase_add_test(tests, who_waits_for_nothing_can_be_woken);
    tcase_add_test(tests, waking_calls_once);
    tcase_add_test(tests, the_other_sides_end_is_something_to_read);
    tcase_add_test(tests, a_dropped_one_is_never_called_again);
    tcase_add_test(tests, one_that_is_dropped_at_once_was_called_once);
    tcase_add_test(tests, the_loop_can_be_stopped_and_run_again);
    tcase_add_test(tests, a_loop_says_each_time_that_it_will_wait);
    tcase_add_test(tests, a_signal_neither_ends_the_loop_nor_calls_anybody);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
