// test_lanes_threads.c - a loop and its workers, under load
//
// After a lost wake-up a test never ends, until Check kills it.

#include "beyond/lanes/lanes.h"
#include "stage6_pool/pool.h"
#include "tests/unit/backend.h"
#include "tests/unit/iterations.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LANES = 4,
    CAPACITY = 7, // small: the lanes are full or empty most of the time
    USERS = 16,
    EACH = 500,      // events of a user
    QUESTIONS = 300, // to each lane
};

static struct loop loop;
static struct iterations iterations;
static struct lanes lanes;
static struct pool pool;

// Written by the worker that has the user's lane. An assertion in a thread does
// not fail a test, so it counts.
static int received[USERS];
static int reordered[USERS];
static int responses[LANES]; // to questions

static void *receive_all(void *argument)
{
    const int *worker = argument;
    const struct job *job;
    while (lanes_receive(&lanes, *worker, &job)) {
        long user = strtol(job->event.user, NULL, 10);
        reordered[user] += job->event.amount != received[user];
        received[user]++;
    }
    return NULL;
}

static void open_lanes(void)
{
    init_loop(&loop);
    iterations_init(&iterations, &loop);
    ck_assert_int_eq(lanes_init(&lanes, LANES, CAPACITY), 0);
    ck_assert_int_eq(lanes_register(&lanes, &loop), 0);
    ck_assert_int_eq(pool_start(&pool, LANES, receive_all), 0);
}

static void end_lanes(void)
{
    lanes_close(&lanes);
    pool_join(&pool);
    ck_assert_int_eq(lanes_waiting(&lanes), 0);
    lanes_destroy(&lanes);
    loop_destroy(&loop);
}

// One loop iteration: an event of each user, as far as there are slots.
static void send_some(int sent[USERS])
{
    for (int user = 0; user < USERS; user++) {
        struct event event = {.action = "buy", .amount = sent[user]};
        snprintf(event.user, sizeof event.user, "%d", user);
        if (sent[user] < EACH &&
            lanes_try_send(&lanes, &event, 0) == CHANNEL_SENT)
            sent[user]++;
    }
    iterations_run(&iterations, 1);
}

static bool is_all_sent(const int sent[USERS])
{
    for (int user = 0; user < USERS; user++)
        if (sent[user] < EACH)
            return false;
    return true;
}

START_TEST(each_event_comes_once_and_in_the_order_of_its_user)
{
    int sent[USERS] = {0};
    open_lanes();
    while (!is_all_sent(sent))
        send_some(sent);
    end_lanes();
    for (int user = 0; user < USERS; user++) {
        ck_assert_int_eq(received[user], EACH);
        ck_assert_int_eq(reordered[user], 0);
    }
}
END_TEST

static atomic_int responded;

static void count_response(struct question *question, int worker)
{
    responses[worker - 1]++;
    free(question);
    responded++;
}

static void ask_all(void)
{
    for (int worker = 1; worker <= LANES; worker++) {
        struct question *question = malloc(sizeof *question);
        ck_assert_ptr_nonnull(question);
        question->respond = count_response;
        lanes_ask(&lanes, worker, question);
    }
}

// Most of these find their lane idle, or just going to sleep.
START_TEST(an_idle_worker_responds_to_each_question)
{
    open_lanes();
    for (int i = 1; i <= QUESTIONS; i++) {
        ask_all();
        iterations_run(&iterations, 2);
        while (responded < i * LANES && i % 2 == 0)
            sched_yield();
    }
    end_lanes();
    for (int i = 0; i < LANES; i++)
        ck_assert_int_eq(responses[i], QUESTIONS);
}
END_TEST

START_TEST(questions_and_events_do_not_hold_up_each_other)
{
    int sent[USERS] = {0};
    open_lanes();
    for (int asked = 0; asked < QUESTIONS || !is_all_sent(sent); asked++) {
        if (asked < QUESTIONS)
            ask_all();
        send_some(sent);
    }
    end_lanes();
    for (int user = 0; user < USERS; user++)
        ck_assert_int_eq(received[user], EACH);
    for (int i = 0; i < LANES; i++)
        ck_assert_int_eq(responses[i], QUESTIONS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanes threads");
    TCase *tests = tcase_create("threads");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_test(tests, each_event_comes_once_and_in_the_order_of_its_user);
    tcase_add_test(tests, an_idle_worker_responds_to_each_question);
    tcase_add_test(tests, questions_and_events_do_not_hold_up_each_other);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
