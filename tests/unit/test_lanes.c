// test_lanes.c - what is accepted, and when a worker is told of it
//
// The test runs the loop iteration by iteration, and is the only worker, so it
// sees each message.

#include "beyond/lanes/lanes.h"
#include "tests/unit/backend.h"
#include "tests/unit/iterations.h"
#include "tests/unit/unit.h"

#include <stdio.h>

enum { LANES = 4, CAPACITY = 10, NAMES = 200 };

static struct loop loop;
static struct iterations iterations;
static struct lanes lanes;
static struct lane *first = &lanes.all[0];

static void open_lanes(int count, int capacity)
{
    init_loop(&loop);
    iterations_init(&iterations, &loop);
    ck_assert_int_eq(lanes_init(&lanes, count, capacity), 0);
    ck_assert_int_eq(lanes_register(&lanes, &loop), 0);
    iterations_run(&iterations, 1);
}

static void close_lanes(void)
{
    lanes_close(&lanes);
    lanes_destroy(&lanes);
    loop_destroy(&loop);
}

static enum channel_send send_amount(const char *user, int64_t amount)
{
    struct event event = {.action = "buy", .amount = amount};
    snprintf(event.user, sizeof event.user, "%s", user);
    return lanes_try_send(&lanes, &event, 0);
}

static void must_send(const char *user, int count)
{
    for (int i = 1; i <= count; i++)
        ck_assert_int_eq(send_amount(user, i), CHANNEL_SENT);
}

static void must_receive(int worker, int64_t amount)
{
    const struct job *job;
    ck_assert(lanes_receive(&lanes, worker, &job));
    ck_assert_int_eq(job->event.amount, amount);
}

static void messages_must_be(size_t count)
{
    ck_assert_uint_eq(channel_length(&first->messages), count);
}

static const char *name_of(int number)
{
    static char name[16];
    snprintf(name, sizeof name, "user%d", number);
    return name;
}

// The number of a name that is in another lane than this one, from `number` on.
static int find_other(int number, const char *user)
{
    while (lanes_worker_of(&lanes, name_of(number)) ==
           lanes_worker_of(&lanes, user))
        number++;
    return number;
}

START_TEST(a_user_always_has_the_same_lane_and_each_lane_has_users)
{
    int users[LANES] = {0};
    open_lanes(LANES, CAPACITY);
    for (int i = 0; i < NAMES; i++) {
        int worker = lanes_worker_of(&lanes, name_of(i));
        ck_assert_int_ge(worker, 1);
        ck_assert_int_le(worker, LANES);
        ck_assert_int_eq(lanes_worker_of(&lanes, name_of(i)), worker);
        users[worker - 1]++;
    }
    // Below this in one of 4^40 keys.
    for (int i = 0; i < LANES; i++)
        ck_assert_int_gt(users[i], 0);
    close_lanes();
}
END_TEST

// Else a client could choose names beforehand.
START_TEST(the_next_start_gives_other_lanes)
{
    int workers[NAMES];
    int moved = 0;
    open_lanes(LANES, CAPACITY);
    for (int i = 0; i < NAMES; i++)
        workers[i] = lanes_worker_of(&lanes, name_of(i));
    close_lanes();
    open_lanes(LANES, CAPACITY);
    for (int i = 0; i < NAMES; i++)
        moved += lanes_worker_of(&lanes, name_of(i)) != workers[i];
    ck_assert_int_gt(moved, NAMES / 2);
    close_lanes();
}
END_TEST

START_TEST(a_full_lane_rejects_and_the_others_accept)
{
    open_lanes(LANES, CAPACITY);
    must_send("hot", CAPACITY);
    for (int i = 0; i < CAPACITY; i++) {
        ck_assert_int_eq(send_amount("hot", 1), CHANNEL_FULL);
        ck_assert_int_eq(send_amount(name_of(find_other(i, "hot")), 1),
                         CHANNEL_SENT);
    }
    ck_assert_int_eq(
        lane_waiting(&lanes.all[lanes_worker_of(&lanes, "hot") - 1]), CAPACITY);
    ck_assert_int_eq(lanes_waiting(&lanes), CAPACITY + CAPACITY);
    close_lanes();
}
END_TEST

// As in a channel, a job that a worker has does not wait. It must stay as it is
// while the loop fills the lane, again and again.
START_TEST(a_job_that_is_received_frees_one_slot_and_stays_whole)
{
    const struct job *job;
    open_lanes(1, CAPACITY);
    must_send("alice", CAPACITY);
    iterations_run(&iterations, 2);
    for (int round = 0; round < 3 * CAPACITY; round++) {
        ck_assert_int_eq(send_amount("alice", 1), CHANNEL_FULL);
        ck_assert(lanes_receive(&lanes, 1, &job));
        const struct job before = *job;
        ck_assert_int_eq(send_amount("bob", -round), CHANNEL_SENT);
        ck_assert_int_eq(send_amount("bob", -1), CHANNEL_FULL);
        iterations_run(&iterations, 2);
        ck_assert_int_eq(job->event.amount, before.event.amount);
        ck_assert_str_eq(job->event.user, before.event.user);
    }
    close_lanes();
}
END_TEST

START_TEST(a_lane_of_one_slot)
{
    open_lanes(1, 1);
    for (int i = 1; i <= 5; i++) {
        ck_assert_int_eq(send_amount("alice", i), CHANNEL_SENT);
        ck_assert_int_eq(send_amount("alice", i), CHANNEL_FULL);
        iterations_run(&iterations, 1);
        must_receive(1, i);
    }
    close_lanes();
}
END_TEST

START_TEST(one_message_announces_all_jobs_of_an_iteration)
{
    open_lanes(1, CAPACITY);
    must_send("alice", CAPACITY / 2);
    messages_must_be(0);
    iterations_run(&iterations, 2); // the second one brings nothing
    messages_must_be(1);
    for (int i = 1; i <= CAPACITY / 2; i++)
        must_receive(1, i);
    iterations_run(&iterations, 5);
    messages_must_be(0);
    close_lanes();
}
END_TEST

// While each iteration brings jobs they are collected, but not for long.
START_TEST(a_loop_that_is_never_idle_announces_after_a_millisecond)
{
    open_lanes(1, 100000);
    int64_t start = loop.ready_at;
    while (channel_length(&first->messages) == 0) {
        must_send("alice", 1);
        iterations_run(&iterations, 1);
    }
    ck_assert_int_ge(loop.ready_at - start, 1000000);
    ck_assert_int_lt(lanes_waiting(&lanes), 50000); // it is not half full
    messages_must_be(1);
    must_receive(1, 1);
    close_lanes();
}
END_TEST

START_TEST(a_lane_that_is_half_full_is_announced_at_once)
{
    open_lanes(1, CAPACITY);
    must_send("alice", CAPACITY / 2 + 1);
    iterations_run(&iterations, 1);
    messages_must_be(1);
    close_lanes();
}
END_TEST

// The loop may stop in the iteration in which an event was accepted.
START_TEST(what_was_accepted_is_received_after_the_end)
{
    const struct job *job;
    open_lanes(1, CAPACITY);
    must_send("alice", 3);
    lanes_close(&lanes);
    for (int i = 1; i <= 3; i++)
        must_receive(1, i);
    ck_assert(!lanes_receive(&lanes, 1, &job));
    ck_assert(!lanes_receive(&lanes, 1, &job));
    lanes_destroy(&lanes);
    loop_destroy(&loop);
}
END_TEST

struct note {
    struct question question;
    int worker; // that responded
    int before; // so many jobs were taken when it did
};

static void take_note(struct question *question, int worker)
{
    struct note *note = (struct note *)question;
    note->worker = worker;
    note->before = (int)lanes.all[worker - 1].taken;
}

START_TEST(questions_come_between_two_jobs_also_when_the_lane_is_full)
{
    struct note notes[3] = {{{.respond = take_note}, 0, 0},
                            {{.respond = take_note}, 0, 0},
                            {{.respond = take_note}, 0, 0}};
    open_lanes(1, 3);
    must_send("alice", 3);
    iterations_run(&iterations, 1);
    must_receive(1, 1);
    ck_assert_int_eq(send_amount("alice", 4), CHANNEL_SENT); // full again
    lanes_ask(&lanes, 1, &notes[0].question);
    lanes_ask(&lanes, 1, &notes[1].question);
    iterations_run(&iterations, 2);
    ck_assert_int_eq(notes[0].worker, 0);
    must_receive(1, 2);
    ck_assert_int_eq(notes[0].worker, 1);
    ck_assert_int_eq(notes[0].before, 1);
    ck_assert_int_eq(notes[1].before, 1);
    lanes_ask(&lanes, 1, &notes[2].question);
    must_receive(1, 3);
    ck_assert_int_eq(notes[2].before, 2);
    close_lanes();
}
END_TEST

// However many questions come, they never take the slot of a message.
START_TEST(questions_alone_are_one_message)
{
    struct note notes[3 * CAPACITY];
    open_lanes(1, CAPACITY);
    for (int i = 0; i < 3 * CAPACITY; i++) {
        notes[i] = (struct note){{.respond = take_note}, 0, 0};
        lanes_ask(&lanes, 1, &notes[i].question);
        iterations_run(&iterations, 2);
        messages_must_be(1);
    }
    for (int i = 1; i <= CAPACITY; i++) {
        ck_assert_int_eq(send_amount("alice", i), CHANNEL_SENT);
        iterations_run(&iterations, 2); // a message for each job
    }
    messages_must_be(CAPACITY + 1);
    must_receive(1, 1);
    for (int i = 0; i < 3 * CAPACITY; i++)
        ck_assert_int_eq(notes[i].worker, 1);
    close_lanes();
}
END_TEST

START_TEST(questions_from_before_the_end_get_their_response)
{
    struct note note = {{.respond = take_note}, 0, 0};
    const struct job *job;
    open_lanes(2, CAPACITY);
    lanes_ask(&lanes, 2, &note.question);
    lanes_close(&lanes);
    ck_assert(!lanes_receive(&lanes, 1, &job));
    ck_assert(!lanes_receive(&lanes, 2, &job));
    ck_assert_int_eq(note.worker, 2);
    lanes_destroy(&lanes);
    loop_destroy(&loop);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanes");
    TCase *tests = tcase_create("lanes");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_test(tests,
                   a_user_always_has_the_same_lane_and_each_lane_has_users);
    tcase_add_test(tests, the_next_start_gives_other_lanes);
    tcase_add_test(tests, a_full_lane_rejects_and_the_others_accept);
    tcase_add_test(tests,
                   a_job_that_is_received_frees_one_slot_and_stays_whole);
    tcase_add_test(tests, a_lane_of_one_slot);
    tcase_add_test(tests, one_message_announces_all_jobs_of_an_iteration);
    tcase_add_test(tests,
                   a_loop_that_is_never_idle_announces_after_a_millisecond);
    tcase_add_test(tests, a_lane_that_is_half_full_is_announced_at_once);
    tcase_add_test(tests, what_was_accepted_is_received_after_the_end);
    tcase_add_test(tests,
                   questions_come_between_two_jobs_also_when_the_lane_is_full);
    tcase_add_test(tests, questions_alone_are_one_message);
    tcase_add_test(tests, questions_from_before_the_end_get_their_response);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
