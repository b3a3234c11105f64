// test_loop_deadlines.c - callbacks whose time has passed
//
// Time is the lesson here, so these tests read the clock. They only ever say
// "not before": how late a call is depends on the machine.

#include "stage2_async/loop.h"
#include "lib/base/clock.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <time.h>

enum { GRAIN = 16 }; // in milliseconds: the loop's
enum { SOON = 20, AFTER = 60, LONG = 250, FAR = 3600 * 1000 }; // milliseconds

static struct loop loop;
static struct iterations iterations;
static struct probe probe;
static struct probe last; // the test is over when its deadline has come

static void stop_the_loop(void)
{
    loop_stop(&loop);
}

static void open_loop(void)
{
    init_loop(&loop);
    iterations_init(&iterations, &loop);
    probe_open(&probe, &loop, POLLIN);
    probe_open(&last, &loop, 0);
    last.then = stop_the_loop;
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static void run_for_a_while(void)
{
    loop_set_deadline(&loop, last.descriptor, AFTER);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(last.deadlines, 1);
}

static const int delays[] = {
    0, 1, GRAIN - 1, GRAIN, GRAIN + 1, 2 * GRAIN - 1, 2 * GRAIN, 100};

START_TEST(a_deadline_does_not_pass_too_early)
{
    probe.then = stop_the_loop;
    int64_t start = clock_milliseconds();
    loop_set_deadline(&loop, probe.descriptor, delays[_i]);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_ge(clock_milliseconds() - start, delays[_i]);
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_deadline_passes_once)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    run_for_a_while();
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, 0);
}
END_TEST

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

// One deadline has passed, another was cleared: with neither does the loop
// spin.
START_TEST(waiting_takes_no_processor_time)
{
    struct probe cleared;
    probe_open(&cleared, &loop, 0);
    loop_set_deadline(&loop, probe.descriptor, 1);
    loop_set_deadline(&loop, cleared.descriptor, SOON);
    loop_set_deadline(&loop, cleared.descriptor, -1);
    loop_set_deadline(&loop, last.descriptor, LONG);
    double before = processor_seconds();
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_double_lt(processor_seconds() - before, LONG / 1000.0 / 4);
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

static int deadlines_of(const struct probe *probes, int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += probes[i].deadlines;
    return sum;
}

// Otherwise each would take an iteration of its own, which looks at all others
// too. Sixteen in a row lie in two grains, or in some more when setting them
// took long.
START_TEST(deadlines_close_to_each_other_pass_in_one_iteration)
{
    enum { COUNT = 16 };
    struct probe crowd[COUNT];
    int64_t start = clock_milliseconds();
    int64_t iterations_taken = 0;
    for (int i = 0; i < COUNT; i++) {
        probe_open(&crowd[i], &loop, 0);
        crowd[i].then = stop_the_loop;
        loop_set_deadline(&loop, crowd[i].descriptor, SOON + i);
    }
    int64_t spent = clock_milliseconds() - start;
    for (; deadlines_of(crowd, COUNT) < COUNT; iterations_taken++)
        ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_le(iterations_taken, 3 + spent / GRAIN);
}
END_TEST

START_TEST(a_deadline_stays_when_the_descriptor_becomes_ready)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe_send_byte(&probe);
    iterations_run(&iterations, 3);
    probe.wants = 0; // in the call after these
    run_for_a_while();
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

// With all that was woken, the loop calls once more, and then waits.
START_TEST(waking_does_not_touch_the_deadline)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    loop_wake(&loop, probe.descriptor);
    iterations_run(&iterations, 1);
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.deadlines, 0);
    run_for_a_while();
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_deadline_passes_though_nothing_else_is_waited_for)
{
    struct probe patient;
    probe_open(&patient, &loop, 0);
    loop_set_deadline(&loop, patient.descriptor, SOON);
    run_for_a_while();
    ck_assert_int_eq(patient.deadlines, 1);
}
END_TEST

START_TEST(a_negative_delay_clears_the_deadline)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    loop_set_deadline(&loop, probe.descriptor, -1);
    run_for_a_while();
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(a_longer_delay_replaces_a_shorter_one)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    loop_set_deadline(&loop, probe.descriptor, FAR);
    run_for_a_while();
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(a_shorter_delay_replaces_a_longer_one)
{
    loop_set_deadline(&loop, probe.descriptor, FAR);
    loop_set_deadline(&loop, probe.descriptor, SOON);
    run_for_a_while();
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_removed_descriptor_has_no_deadline)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe_send_byte(&probe);
    probe.wants = LOOP_REMOVE;
    run_for_a_while();
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.deadlines, 0);
}
END_TEST

static void set_it_again(void)
{
    loop_set_deadline(&loop, probe.descriptor, 1);
    if (probe.calls == 3)
        loop_stop(&loop);
}

START_TEST(a_callback_can_set_its_next_deadline)
{
    probe.then = set_it_again;
    loop_set_deadline(&loop, probe.descriptor, 1);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(probe.deadlines, 3);
}
END_TEST

static int64_t set_at; // in milliseconds

static void work_and_set_a_deadline(void)
{
    int64_t end = clock_milliseconds() + AFTER;
    while ((set_at = clock_milliseconds()) < end)
        ;
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe.then = stop_the_loop;
}

// An iteration that takes long must not shorten the time of others.
START_TEST(the_delay_begins_when_it_is_set_and_not_with_the_iteration)
{
    probe.then = work_and_set_a_deadline;
    loop_wake(&loop, probe.descriptor);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(probe.deadlines, 1);
    ck_assert_int_ge(clock_milliseconds() - set_at, SOON);
}
END_TEST

static Suite *loop_suite(void)
{
    Suite *suite = suite_create("loop deadlines");
    TCase *tests = tcase_create("deadlines");
    tcase_add_checked_fixture(tests, open_loop, destroy_loop);
    unit_add_rows(tests, a_deadline_does_not_pass_too_early, delays);
    tcase_add_test(tests, a_deadline_passes_once);
    tcase_add_test(tests, waiting_takes_no_processor_time);
    tcase_add_test(tests, deadlines_close_to_each_other_pass_in_one_iteration);
    tcase_add_test(tests, a_deadline_stays_when_the_descriptor_becomes_ready);
    tcase_add_test(tests, waking_does_not_touch_the_deadline);
    tcase_add_test(tests, a_deadline_passes_though_nothing_else_is_waited_for);
    tcase_add_test(tests, a_negative_delay_clears_the_deadline);
    tcase_add_test(tests, a_longer_delay_replaces_a_shorter_one);
    tcase_add_test(tests, a_shorter_delay_replaces_a_longer_one);
    tcase_add_test(tests, a_removed_descriptor_has_no_deadline);
    tcase_add_test(tests, a_callback_can_set_its_next_deadline);
    tcase_add_test(tests,
                   the_delay_begins_when_it_is_set_and_not_with_the_iteration);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
