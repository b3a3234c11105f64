// test_loop_hot.c - hot-poll: who is asked about, and how often
//
// That everybody is called as with poll is in the other tests of the loop.

#include "lib/clock.h"
#include "stage2_async/loop.h"
#include "tests/unit/probe.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

#include <fcntl.h>

enum {
    CROWD = 2000,                     // idle ones
    ENOUGH = 100,                     // turns until they are cold
    TURNS = 1000,                     // in which they are
    ALLOWANCE = 50,                   // descriptors, beside those of the crowd
    WANTED = 2 * (CROWD + ALLOWANCE), // the loop's arrays have room to spare
};

static struct loop loop;
static struct turns turns;
static struct probe busy;
static struct probe newcomer;
static struct probe idle;
static struct probe crowd[CROWD];
static int crowd_count; // fewer, where the descriptor limit is lower

// All of them are ready when the idle one is.
static void open_loop(void)
{
    loop_init(&loop);
    ck_assert_int_eq(loop_use(&loop, "hot-poll"), 0);
    crowd_count = probe_raise_limit(WANTED) / 2 - ALLOWANCE;
    turns_init(&turns, &loop);
    probe_open(&busy, &loop, POLLIN);
    probe_open(&idle, &loop, LOOP_NOTHING);
    for (int i = 0; i < crowd_count; i++) {
        probe_open_copy(&crowd[i], &loop, &idle);
        crowd[i].calls = 0;
    }
}

static void destroy_loop(void)
{
    loop_destroy(&loop);
}

static void let_the_crowd_cool(void)
{
    probe_send_byte(&busy);
    turns_run(&turns, ENOUGH);
    busy.calls = 0;
}

// With poll, all of them are asked in each turn.
START_TEST(beside_a_hot_one_the_cold_are_asked_seldom)
{
    let_the_crowd_cool();
    long asked = scarce_polled();
    turns_run(&turns, TURNS);
    asked = scarce_polled() - asked;
    ck_assert_int_lt(asked, (long)TURNS * crowd_count / 4);
}
END_TEST

START_TEST(beside_a_hot_one_each_cold_one_is_found)
{
    int found = 0;
    let_the_crowd_cool();
    probe_send_byte(&idle);
    while (found < crowd_count) { // or until the test's time is over
        turns_run(&turns, 10);
        for (int i = 0; i < crowd_count; i++) {
            found += crowd[i].calls > 0;
            crowd[i].calls = 0;
            crowd[i].wants = LOOP_NOTHING;
        }
    }
    ck_assert_int_gt(busy.calls, 0);
}
END_TEST

START_TEST(who_is_ready_again_and_again_stays_hot)
{
    let_the_crowd_cool();
    probe_open(&newcomer, &loop, POLLIN);
    probe_send_byte(&newcomer);
    turns_run(&turns, TURNS);
    ck_assert_int_eq(busy.calls, TURNS);
    ck_assert_int_eq(newcomer.calls, TURNS);
}
END_TEST

static void stop(void)
{
    loop_stop(&loop);
}

START_TEST(a_loop_that_waits_finds_a_cold_one)
{
    let_the_crowd_cool();
    busy.wants = LOOP_NOTHING;
    crowd[crowd_count - 1].then = stop;
    probe_send_byte(&idle);
    ck_assert_int_eq(loop_run(&loop), 0); // or until the test's time is over
    ck_assert_int_gt(crowd[crowd_count - 1].calls, 0);
}
END_TEST

// The counter of the turns does.
START_TEST(who_wakes_itself_in_each_turn_hides_nobody)
{
    let_the_crowd_cool();
    busy.wants = LOOP_NOTHING;
    turns_run(&turns, TURNS); // a round is over
    probe_send_byte(&idle);
    while (crowd[0].calls == 0) // or until the test's time is over
        turns_run(&turns, 10);
    ck_assert_int_gt(crowd[0].calls, 0);
}
END_TEST

// Once it has looked at all, it waits for all.
START_TEST(an_idle_loop_waits)
{
    let_the_crowd_cool();
    busy.wants = LOOP_NOTHING;
    turns_run_for(&turns, 200);
    long calls = scarce_poll_calls();
    turns_run_for(&turns, 200);
    ck_assert_int_le(scarce_poll_calls() - calls, 4);
}
END_TEST

// Its deadline comes instead, and not in each turn.
START_TEST(who_finds_no_room_among_the_hot_is_called_later)
{
    struct probe probe = {.wants = POLLIN};
    int high = fcntl(idle.descriptor, F_DUPFD, loop.size);
    ck_assert_int_ge(high, 0);
    scarce_memory(2); // the loop's own two arrays
    int result = loop_watch(&loop, high, probe_call, &probe);
    ck_assert(scarce_end());
    ck_assert_int_eq(result, 0);
    int64_t watched = loop.now; // when that turn began
    while (probe.deadlines == 0)
        turns_run_for(&turns, 10);
    ck_assert_int_ge(clock_milliseconds() - watched, 100);
    probe_send_byte(&idle);
    turns_run(&turns, 1); // it found room meanwhile
    ck_assert_int_eq(probe.calls, 3);
    ck_assert_int_eq(probe.revents, POLLIN);
}
END_TEST

// One that was hot already needs no more room than it has.
START_TEST(who_has_room_among_the_hot_can_change)
{
    struct probe probe = {.wants = POLLIN};
    int high = fcntl(idle.descriptor, F_DUPFD, loop.size);
    ck_assert_int_ge(high, 0);
    probe_send_byte(&busy);
    scarce_memory(2); // the loop's own two arrays
    loop_watch(&loop, high, probe_call, &probe);
    scarce_memory(0);
    busy.wants = POLLOUT;
    turns.left = 3;
    loop_wake(&loop, turns.pipe[0]);
    loop_run(&loop);
    ck_assert(scarce_end());
    ck_assert_int_eq(busy.revents, POLLOUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop hot");
    TCase *tests = tcase_create("hot");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, open_loop, destroy_loop);
    tcase_add_test(tests, beside_a_hot_one_the_cold_are_asked_seldom);
    tcase_add_test(tests, beside_a_hot_one_each_cold_one_is_found);
    tcase_add_test(tests, who_is_ready_again_and_again_stays_hot);
    tcase_add_test(tests, a_loop_that_waits_finds_a_cold_one);
    tcase_add_test(tests, who_wakes_itself_in_each_turn_hides_nobody);
    tcase_add_test(tests, an_idle_loop_waits);
    tcase_add_test(tests, who_finds_no_room_among_the_hot_is_called_later);
    tcase_add_test(tests, who_has_room_among_the_hot_can_change);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
