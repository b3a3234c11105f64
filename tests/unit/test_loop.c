// test_loop.c - which callbacks are called, and when
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

START_TEST(a_callback_is_called_at_once_when_registered)
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
    iterations_run(&iterations, 3);
    ck_assert_int_eq(probe.calls, 0);
    probe_send_byte(&probe);
    iterations_run(&iterations, 3);
    ck_assert_int_eq(probe.calls, 3); // in each iteration, until it is read
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

START_TEST(a_callback_waits_for_what_it_returned_last)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLOUT);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, POLLOUT);
    probe.wants = POLLIN; // in the next call
    iterations_run(&iterations, 5);
    ck_assert_int_eq(probe.calls, 2);
    probe_send_byte(&probe);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(probe.calls, 3);
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

// Nor for the end of the other side, which poll(2) reports always.
START_TEST(a_descriptor_that_waits_for_nothing_is_not_called)
{
    struct probe probe;
    probe_open(&probe, &loop, 0);
    probe_send_byte(&probe);
    close(probe.peer);
    iterations_run(&iterations, 5);
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(a_descriptor_that_waits_for_nothing_can_be_woken)
{
    struct probe probe;
    probe_open(&probe, &loop, 0);
    probe_send_byte(&probe);
    loop_wake(&loop, probe.descriptor);
    probe.wants = POLLIN;
    iterations_run(&iterations, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, POLLIN | POLLOUT); // neither was looked for
    iterations_run(&iterations, 1);
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
    iterations_run(&iterations, 5);
    ck_assert_int_eq(probe.calls, 1);
}
END_TEST

START_TEST(the_other_sides_end_is_something_to_read)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    close(probe.peer);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents & POLLIN, POLLIN);
}
END_TEST

// Although its descriptor stays open here, has a byte to read, and was woken.
START_TEST(a_removed_descriptor_is_never_called_again)
{
    struct probe probe;
    probe_open(&probe, &loop, POLLIN);
    probe.wants = LOOP_REMOVE;
    probe_send_byte(&probe);
    loop_wake(&loop, probe.descriptor);
    iterations_run(&iterations, 5);
    ck_assert_int_eq(probe.calls, 1);
}
END_TEST

START_TEST(a_descriptor_can_be_removed_at_once)
{
    struct probe probe;
    probe_open(&probe, &loop, LOOP_REMOVE);
    probe_send_byte(&probe);
    iterations_run(&iterations, 5);
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

START_TEST(a_signal_neither_ends_the_loop_nor_calls_a_callback)
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
    tcase_add_test(tests, a_callback_is_called_at_once_when_registered);
    tcase_add_test(tests, a_callback_is_called_when_there_is_something_to_read);
    tcase_add_test(tests, a_callback_waits_for_what_it_returned_last);
    tcase_add_test(tests, a_descriptor_that_waits_for_nothing_is_not_called);
    tcase_add_test(tests, a_descriptor_that_waits_for_nothing_can_be_woken);
    tcase_add_test(tests, waking_calls_once);
    tcase_add_test(tests, the_other_sides_end_is_something_to_read);
    tcase_add_test(tests, a_removed_descriptor_is_never_called_again);
    tcase_add_test(tests, a_descriptor_can_be_removed_at_once);
    tcase_add_test(tests, the_loop_can_be_stopped_and_run_again);
    tcase_add_test(tests, a_signal_neither_ends_the_loop_nor_calls_a_callback);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
