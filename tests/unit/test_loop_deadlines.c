// test_loop_deadlines.c - who is called when its time has come
//
// Time is the lesson here, so these tests read the clock. They only ever say
// "not before": how late a call may be is the machine's affair.

#include "stage2_async/loop.h"
#include "lib/base/clock.h"
#include "tests/unit/probe.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <time.h>

enum { GRAIN = 16 }; // in milliseconds: the loop's
enum { SOON = 20, LATER = 60, LONG = 250, FAR = 3600 * 1000 }; // milliseconds

static struct loop loop;
static struct iterations turns;
static struct probe probe;
static struct probe last; // the test is over when its deadline has come

static void stop_the_loop(void)
{
    loop_stop(&loop);
}

static void open_loop(void)
{
    init_loop(&loop);
    iterations_init(&turns, &loop);
    probe_open(&probe, &loop, POLLIN);
    probe_open(&last, &loop, LOOP_NOTHING);
    last.then = stop_the_loop;
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static void run_until_later(void)
{
    loop_set_deadline(&loop, last.descriptor, LATER);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(last.deadlines, 1);
}

static const int delays[] = {
    0, 1, GRAIN - 1, GRAIN, GRAIN + 1, 2 * GRAIN - 1, 2 * GRAIN, 100};

START_TEST(a_deadline_does_not_come_too_early)
{
    probe.then = stop_the_loop;
    int64_t start = clock_milliseconds();
    loop_set_deadline(&loop, probe.descriptor, delays[_i]);
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_ge(clock_milliseconds() - start, delays[_i]);
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_deadline_comes_once)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    run_until_later();
    ck_assert_int_eq(probe.calls, 1);
    ck_assert_int_eq(probe.revents, 0);
}
END_TEST

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

// One deadline has come, another one was cleared: neither must keep the loop
// from waiting, now and when it was due.
START_TEST(waiting_takes_no_time_of_the_processor)
{
    struct probe cleared;
    probe_open(&cleared, &loop, LOOP_NOTHING);
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

// Otherwise each would be a turn of its own, in which all the others are
// looked at as well. Sixteen in a row lie in two grains, or in some more when
// setting them took long.
START_TEST(deadlines_close_to_each_other_come_in_one_turn)
{
    enum { COUNT = 16 };
    struct probe crowd[COUNT];
    int64_t start = clock_milliseconds();
    int64_t turns_taken = 0;
    for (int i = 0; i < COUNT; i++) {
        probe_open(&crowd[i], &loop, LOOP_NOTHING);
        crowd[i].then = stop_the_loop;
        loop_set_deadline(&loop, crowd[i].descriptor, SOON + i);
    }
    int64_t spent = clock_milliseconds() - start;
    for (; deadlines_of(crowd, COUNT) < COUNT; turns_taken++)
        ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_le(turns_taken, 3 + spent / GRAIN);
}
END_TEST

START_TEST(a_deadline_is_kept_when_the_descriptor_becomes_ready)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe_send_byte(&probe);
    iterations_run(&turns, 3);
    probe.wants = LOOP_NOTHING; // in the call after these
    run_until_later();
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_deadline_comes_though_nothing_else_is_waited_for)
{
    struct probe patient;
    probe_open(&patient, &loop, LOOP_NOTHING);
    loop_set_deadline(&loop, patient.descriptor, SOON);
    run_until_later();
    ck_assert_int_eq(patient.deadlines, 1);
}
END_TEST

START_TEST(a_negative_delay_clears_the_deadline)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    loop_set_deadline(&loop, probe.descriptor, -1);
    run_until_later();
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(a_later_deadline_replaces_an_earlier_one)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    loop_set_deadline(&loop, probe.descriptor, FAR);
    run_until_later();
    ck_assert_int_eq(probe.calls, 0);
}
END_TEST

START_TEST(an_earlier_deadline_replaces_a_later_one)
{
    loop_set_deadline(&loop, probe.descriptor, FAR);
    loop_set_deadline(&loop, probe.descriptor, SOON);
    run_until_later();
    ck_assert_int_eq(probe.deadlines, 1);
}
END_TEST

START_TEST(a_dropped_one_has_no_deadline_any_more)
{
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe_send_byte(&probe);
    probe.wants = LOOP_REMOVE;
    run_until_later();
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
    int64_t end = clock_milliseconds() + LATER;
    while ((set_at = clock_milliseconds()) < end)
        ;
    loop_set_deadline(&loop, probe.descriptor, SOON);
    probe.then = stop_the_loop;
}

// A turn that takes long must not cost others their time.
START_TEST(the_delay_begins_when_it_is_set_and_not_with_the_turn)
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
    unit_add_rows(tests, a_deadline_does_not_come_too_early, delays);
    tcase_add_test(tests, a_deadline_comes_once);
    tcase_add_test(tests, waiting_takes_no_time_of_the_processor);
    tcase_add_test(tests, deadlines_close_to_each_other_come_in_one_turn);
    tcase_add_test(tests, a_deadline_is_kept_when_the_descriptor_becomes_ready);
    tcase_add_test(tests, a_deadline_comes_though_nothing_else_is_waited_for);
    tcase_add_test(tests, a_negative_delay_clears_the_deadline);
    tcase_add_test(tests, a_later_deadline_replaces_an_earlier_one);
    tcase_add_test(tests, an_earlier_deadline_replaces_a_later_one);
    tcase_add_test(tests, a_dropped_one_has_no_deadline_any_more);
    tcase_add_test(tests, a_callback_can_set_its_next_deadline);
    tcase_add_test(tests,
                   the_delay_begins_when_it_is_set_and_not_with_the_turn);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(loop_suite());
}
