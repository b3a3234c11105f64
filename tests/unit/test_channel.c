// test_channel.c - what a channel promises, with one thread
//
// No call here waits: the tests receive only where a job is inside, or the
// channel is closed. Several threads are in test_channel_threads.c.

#include "stage5_queue/channel.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { CAPACITY = 3 };

static struct channel channel; // of int

static void open_channel(void)
{
    ck_assert_int_eq(channel_init(&channel, CAPACITY, sizeof(int)), 0);
}

static void destroy_channel(void)
{
    channel_destroy(&channel);
}

static enum channel_send send_number(int number)
{
    return channel_try_send(&channel, &number);
}

static void send_numbers(int first, int last)
{
    for (int number = first; number <= last; number++)
        ck_assert_int_eq(send_number(number), CHANNEL_SENT);
}

static void expect_numbers(int first, int last)
{
    for (int expected = first; expected <= last; expected++) {
        int number = 0;
        ck_assert(channel_receive(&channel, &number));
        ck_assert_int_eq(number, expected);
    }
}

static void expect_closed(void)
{
    int number = 0;
    ck_assert(!channel_receive(&channel, &number));
}

START_TEST(jobs_come_out_in_the_order_they_went_in)
{
    send_numbers(1, CAPACITY);
    expect_numbers(1, CAPACITY);
}
END_TEST

// Two at a time in a ring of three: each slot is the first one sometimes.
START_TEST(jobs_stay_in_order_when_the_ring_wraps_around)
{
    for (int number = 1; number < 20; number += 2) {
        send_numbers(number, number + 1);
        expect_numbers(number, number + 1);
    }
}
END_TEST

START_TEST(a_full_channel_rejects_at_once)
{
    send_numbers(1, CAPACITY);
    ck_assert_int_eq(send_number(99), CHANNEL_FULL);
    ck_assert_int_eq(send_number(99), CHANNEL_FULL);
    expect_numbers(1, CAPACITY); // and no 99
    ck_assert_uint_eq(channel_length(&channel), 0);
}
END_TEST

START_TEST(each_received_job_makes_room_for_one)
{
    send_numbers(1, CAPACITY);
    expect_numbers(1, 1);
    ck_assert_int_eq(send_number(CAPACITY + 1), CHANNEL_SENT);
    ck_assert_int_eq(send_number(99), CHANNEL_FULL);
    expect_numbers(2, CAPACITY + 1);
}
END_TEST

START_TEST(the_length_is_the_number_of_waiting_jobs)
{
    for (int i = 0; i < CAPACITY; i++) {
        ck_assert_uint_eq(channel_length(&channel), (size_t)i);
        send_numbers(i, i);
    }
    ck_assert_uint_eq(channel_length(&channel), CAPACITY);
    ck_assert_int_eq(send_number(99), CHANNEL_FULL);
    ck_assert_uint_eq(channel_length(&channel), CAPACITY);
    expect_numbers(0, 0);
    ck_assert_uint_eq(channel_length(&channel), CAPACITY - 1);
}
END_TEST

START_TEST(a_closed_channel_is_drained_before_it_ends)
{
    send_numbers(1, 2);
    channel_close(&channel);
    expect_numbers(1, 2);
    expect_closed();
    expect_closed();
}
END_TEST

START_TEST(a_full_channel_is_drained_too)
{
    send_numbers(1, CAPACITY);
    channel_close(&channel);
    expect_numbers(1, CAPACITY);
    expect_closed();
}
END_TEST

START_TEST(a_closed_channel_rejects)
{
    channel_close(&channel);
    ck_assert_int_eq(send_number(1), CHANNEL_CLOSED);
    expect_closed();
}
END_TEST

// FULL would mean: try again. Here that would never succeed.
START_TEST(a_channel_that_is_full_and_closed_says_closed)
{
    send_numbers(1, CAPACITY);
    channel_close(&channel);
    ck_assert_int_eq(send_number(99), CHANNEL_CLOSED);
}
END_TEST

START_TEST(closing_twice_changes_nothing)
{
    send_numbers(1, 1);
    channel_close(&channel);
    channel_close(&channel);
    expect_numbers(1, 1);
    expect_closed();
}
END_TEST

struct letter {
    char text[1000];
};

// After sending, the producer may use its variable for the next job.
START_TEST(a_job_is_copied_in_and_copied_out)
{
    struct channel letters;
    struct letter letter = {"the first"};
    ck_assert_int_eq(channel_init(&letters, 2, sizeof letter), 0);
    ck_assert_int_eq(channel_try_send(&letters, &letter), CHANNEL_SENT);
    strcpy(letter.text, "the second");
    ck_assert_int_eq(channel_try_send(&letters, &letter), CHANNEL_SENT);
    strcpy(letter.text, "never sent");
    ck_assert(channel_receive(&letters, &letter));
    ck_assert_str_eq(letter.text, "the first");
    ck_assert(channel_receive(&letters, &letter));
    ck_assert_str_eq(letter.text, "the second");
    channel_destroy(&letters);
}
END_TEST

START_TEST(a_channel_may_have_room_for_one_job)
{
    struct channel one;
    char job = 'a';
    ck_assert_int_eq(channel_init(&one, 1, sizeof job), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(channel_try_send(&one, &job), CHANNEL_SENT);
        ck_assert_int_eq(channel_try_send(&one, &job), CHANNEL_FULL);
        ck_assert(channel_receive(&one, &job));
    }
    channel_destroy(&one);
}
END_TEST

static Suite *channel_suite(void)
{
    Suite *suite = suite_create("channel");
    TCase *tests = tcase_create("one thread");
    tcase_add_checked_fixture(tests, open_channel, destroy_channel);
    tcase_add_test(tests, jobs_come_out_in_the_order_they_went_in);
    tcase_add_test(tests, jobs_stay_in_order_when_the_ring_wraps_around);
    tcase_add_test(tests, a_full_channel_rejects_at_once);
    tcase_add_test(tests, each_received_job_makes_room_for_one);
    tcase_add_test(tests, the_length_is_the_number_of_waiting_jobs);
    tcase_add_test(tests, a_closed_channel_is_drained_before_it_ends);
    tcase_add_test(tests, a_full_channel_is_drained_too);
    tcase_add_test(tests, a_closed_channel_rejects);
    tcase_add_test(tests, a_channel_that_is_full_and_closed_says_closed);
    tcase_add_test(tests, closing_twice_changes_nothing);
    tcase_add_test(tests, a_job_is_copied_in_and_copied_out);
    tcase_add_test(tests, a_channel_may_have_room_for_one_job);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(channel_suite());
}
