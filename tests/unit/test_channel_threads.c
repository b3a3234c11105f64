// test_channel_threads.c - a channel between many threads
//
// What threads do to each other differs from run to run, so these tests repeat
// their scene. A lost wake-up shows as a test that never ends: Check kills it.

#include "stage5_queue/channel.h"
#include "tests/unit/gate.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>

enum {
    CAPACITY = 3, // small: the channel is full or empty most of the time
    SENDERS = 4,
    RECEIVERS = 4,
    EACH = 2000, // jobs from one sender
    ALL = SENDERS * EACH,
    ROUNDS = 200,
    TIMEOUT = 60, // in seconds
};

struct job {
    int sender;
    int number; // of the sender's jobs, from 0
};

// A thread can't fail a test, so each writes down what it saw.
struct receiver {
    pthread_t thread;
    int received;
    int times[SENDERS][EACH]; // how often each job came
    bool in_order;            // each sender's jobs, one after the other
};

static struct channel channel; // of struct job
static struct receiver receivers[RECEIVERS];
static struct gate all_here;

static void open_channel(void)
{
    ck_assert_int_eq(channel_init(&channel, CAPACITY, sizeof(struct job)), 0);
}

static void start(pthread_t *thread, void *work(void *), void *argument)
{
    ck_assert_int_eq(pthread_create(thread, NULL, work, argument), 0);
}

static void *send_all(void *argument)
{
    struct job job = {.sender = *(const int *)argument};
    for (job.number = 0; job.number < EACH; job.number++) {
        while (channel_try_send(&channel, &job) == CHANNEL_FULL)
            sched_yield();
        channel_wake(&channel);
    }
    return NULL;
}

static void *receive_all(void *argument)
{
    struct receiver *receiver = argument;
    int next[SENDERS] = {0};
    struct job job;
    receiver->in_order = true;
    while (channel_receive(&channel, &job)) {
        receiver->received++;
        receiver->times[job.sender][job.number]++;
        if (job.number < next[job.sender])
            receiver->in_order = false;
        next[job.sender] = job.number + 1;
    }
    return NULL;
}

// All senders send all their jobs to so many receivers. When the last one is
// sent, the channel is closed, and everybody comes home.
static void send_to_receivers(int count)
{
    pthread_t senders[SENDERS];
    int names[SENDERS];
    memset(receivers, 0, sizeof receivers);
    for (int i = 0; i < count; i++)
        start(&receivers[i].thread, receive_all, &receivers[i]);
    for (int i = 0; i < SENDERS; i++) {
        names[i] = i;
        start(&senders[i], send_all, &names[i]);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL);
    channel_close(&channel);
    for (int i = 0; i < count; i++)
        pthread_join(receivers[i].thread, NULL);
}

static int times_received(int sender, int number)
{
    int times = 0;
    for (int i = 0; i < RECEIVERS; i++)
        times += receivers[i].times[sender][number];
    return times;
}

START_TEST(every_job_is_received_exactly_once)
{
    open_channel();
    send_to_receivers(RECEIVERS);
    for (int sender = 0; sender < SENDERS; sender++)
        for (int number = 0; number < EACH; number++)
            ck_assert_int_eq(times_received(sender, number), 1);
    ck_assert_uint_eq(channel_length(&channel), 0);
    channel_destroy(&channel);
}
END_TEST

// With one receiver, that is. Several receive in order, but what each does
// with its job may be done in any.
START_TEST(one_receiver_gets_each_senders_jobs_in_order)
{
    open_channel();
    send_to_receivers(1);
    ck_assert_int_eq(receivers[0].received, ALL);
    ck_assert(receivers[0].in_order);
    channel_destroy(&channel);
}
END_TEST

static void *receive_one(void *argument)
{
    struct receiver *receiver = argument;
    struct job job;
    gate_pass(&all_here);
    receiver->received = channel_receive(&channel, &job) ? 1 : 0;
    return NULL;
}

// Returns when they are about to receive. The channel is empty, so they wait.
static void start_waiting_receivers(void)
{
    gate_init(&all_here, RECEIVERS + 1);
    for (int i = 0; i < RECEIVERS; i++)
        start(&receivers[i].thread, receive_one, &receivers[i]);
    gate_pass(&all_here);
    sched_yield();
}

static int join_receivers(void)
{
    int received = 0;
    for (int i = 0; i < RECEIVERS; i++) {
        pthread_join(receivers[i].thread, NULL);
        received += receivers[i].received;
    }
    return received;
}

START_TEST(closing_an_empty_channel_wakes_all_receivers)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_receivers();
        channel_close(&channel);
        ck_assert_int_eq(join_receivers(), 0);
        channel_destroy(&channel);
    }
}
END_TEST

START_TEST(each_job_wakes_a_receiver_that_waits)
{
    struct job job = {0};
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_receivers();
        for (int sent = 0; sent < RECEIVERS; sent++) {
            while (channel_try_send(&channel, &job) == CHANNEL_FULL)
                sched_yield();
            channel_wake(&channel);
        }
        ck_assert_int_eq(join_receivers(), RECEIVERS);
        channel_destroy(&channel);
    }
}
END_TEST

static bool all_wait(void)
{
    pthread_mutex_lock(&channel.mutex);
    bool all = channel.idle == RECEIVERS;
    pthread_mutex_unlock(&channel.mutex);
    return all;
}

static void open_with_all_waiting(void)
{
    open_channel();
    start_waiting_receivers();
    while (!all_wait())
        sched_yield();
}

static void send_jobs(int count)
{
    struct job job = {0};
    for (int sent = 0; sent < count; sent++)
        ck_assert_int_eq(channel_try_send(&channel, &job), CHANNEL_SENT);
}

static void expect_received(int count)
{
    while (channel_length(&channel) > 0)
        sched_yield();
    channel_close(&channel);
    ck_assert_int_eq(join_receivers(), count);
    channel_destroy(&channel);
}

// Each that is woken wakes the next.
START_TEST(one_wake_is_enough_for_all_that_was_sent)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_receivers();
        send_jobs(CAPACITY);
        channel_wake(&channel);
        expect_received(CAPACITY);
    }
}
END_TEST

// Nobody calls channel_wake here.
START_TEST(a_full_channel_wakes_by_itself)
{
    struct job job = {0};
    for (int i = 0; i < ROUNDS; i++) {
        open_with_all_waiting();
        send_jobs(CAPACITY);
        ck_assert_int_eq(channel_try_send(&channel, &job), CHANNEL_FULL);
        expect_received(CAPACITY);
    }
}
END_TEST

// As if a signal had reached nobody: the next one does not count on it.
START_TEST(a_lost_wake_up_is_made_good_by_the_next)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_with_all_waiting();
        pthread_mutex_lock(&channel.mutex);
        channel.waking = true;
        pthread_mutex_unlock(&channel.mutex);
        send_jobs(1);
        channel_wake(&channel);
        expect_received(1);
    }
}
END_TEST

START_TEST(waking_without_a_job_harms_nobody)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        channel_wake(&channel);
        start_waiting_receivers();
        channel_wake(&channel);
        send_jobs(1);
        channel_wake(&channel);
        channel_wake(&channel);
        expect_received(1);
    }
}
END_TEST

START_TEST(closing_while_receivers_wait_loses_no_job)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_receivers();
        send_jobs(2);
        channel_close(&channel);
        ck_assert_int_eq(join_receivers(), 2);
        channel_destroy(&channel);
    }
}
END_TEST

static Suite *channel_suite(void)
{
    Suite *suite = suite_create("channel between threads");
    TCase *tests = tcase_create("many threads");
    tcase_set_timeout(tests, TIMEOUT);
    tcase_add_test(tests, every_job_is_received_exactly_once);
    tcase_add_test(tests, one_receiver_gets_each_senders_jobs_in_order);
    tcase_add_test(tests, closing_an_empty_channel_wakes_all_receivers);
    tcase_add_test(tests, each_job_wakes_a_receiver_that_waits);
    tcase_add_test(tests, one_wake_is_enough_for_all_that_was_sent);
    tcase_add_test(tests, a_full_channel_wakes_by_itself);
    tcase_add_test(tests, a_lost_wake_up_is_made_good_by_the_next);
    tcase_add_test(tests, waking_without_a_job_harms_nobody);
    tcase_add_test(tests, closing_while_receivers_wait_loses_no_job);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(channel_suite());
}
