// test_channel_threads.c - a channel between many threads
//
// The order in which threads run differs each time, so these tests repeat their
// steps. After a lost wake-up a test never ends, until Check kills it.

#include "stage5_queue/channel.h"
#include "lib/base/clock.h"
#include "tests/unit/gate.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum {
    CAPACITY = 3, // small: the channel is full or empty most of the time
    PRODUCERS = 4,
    CONSUMERS = 4,
    EACH = 2000, // jobs from one producer
    ALL = PRODUCERS * EACH,
    ROUNDS = 200,
    TIMEOUT = 60, // in seconds
    SOON = 5000,  // in milliseconds, for a thread to wake up
};

struct job {
    int producer;
    int number; // of the producer's jobs, from 0
};

// A failed assertion in a thread does not fail the test, so each thread stores
// what it saw.
struct consumer {
    pthread_t thread;
    int received;
    int times[PRODUCERS][EACH]; // how often each job came
    bool in_order;              // each producer's jobs, one after the other
};

static struct channel channel; // of struct job
static struct consumer consumers[CONSUMERS];
static struct gate all_here;
static atomic_int returned; // from receive_one

static void open_channel_of(size_t capacity)
{
    ck_assert_int_eq(channel_init(&channel, capacity, sizeof(struct job)), 0);
}

static void open_channel(void)
{
    open_channel_of(CAPACITY);
}

static void start(pthread_t *thread, void *work(void *), void *argument)
{
    ck_assert_int_eq(pthread_create(thread, NULL, work, argument), 0);
}

static void *send_all(void *argument)
{
    struct job job = {.producer = *(const int *)argument};
    for (job.number = 0; job.number < EACH; job.number++) {
        while (channel_try_send(&channel, &job) == CHANNEL_FULL)
            sched_yield();
    }
    return NULL;
}

static void *receive_all(void *argument)
{
    struct consumer *consumer = argument;
    int next[PRODUCERS] = {0};
    struct job job;
    consumer->in_order = true;
    while (channel_receive(&channel, &job)) {
        consumer->received++;
        consumer->times[job.producer][job.number]++;
        if (job.number < next[job.producer])
            consumer->in_order = false;
        next[job.producer] = job.number + 1;
    }
    return NULL;
}

// All producers send all their jobs to so many consumers. When the last one is
// sent, the channel is closed, and all consumers return.
static void send_to_consumers(int count)
{
    pthread_t producers[PRODUCERS];
    int names[PRODUCERS];
    memset(consumers, 0, sizeof consumers);
    for (int i = 0; i < count; i++)
        start(&consumers[i].thread, receive_all, &consumers[i]);
    for (int i = 0; i < PRODUCERS; i++) {
        names[i] = i;
        start(&producers[i], send_all, &names[i]);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i], NULL);
    channel_close(&channel);
    for (int i = 0; i < count; i++)
        pthread_join(consumers[i].thread, NULL);
}

static int times_received(int producer, int number)
{
    int times = 0;
    for (int i = 0; i < CONSUMERS; i++)
        times += consumers[i].times[producer][number];
    return times;
}

START_TEST(every_job_is_received_exactly_once)
{
    open_channel();
    send_to_consumers(CONSUMERS);
    for (int producer = 0; producer < PRODUCERS; producer++)
        for (int number = 0; number < EACH; number++)
            ck_assert_int_eq(times_received(producer, number), 1);
    ck_assert_uint_eq(channel_length(&channel), 0);
    channel_destroy(&channel);
}
END_TEST

// Several consumers receive in order too, but may finish their jobs in another.
START_TEST(one_consumer_gets_each_producers_jobs_in_order)
{
    open_channel();
    send_to_consumers(1);
    ck_assert_int_eq(consumers[0].received, ALL);
    ck_assert(consumers[0].in_order);
    channel_destroy(&channel);
}
END_TEST

static void *receive_one(void *argument)
{
    struct consumer *consumer = argument;
    struct job job;
    gate_pass(&all_here);
    consumer->received = channel_receive(&channel, &job) ? 1 : 0;
    returned++;
    return NULL;
}

// Returns when all are about to receive. The channel is empty, so they wait.
static void start_waiting_consumers(void)
{
    gate_init(&all_here, CONSUMERS + 1);
    for (int i = 0; i < CONSUMERS; i++)
        start(&consumers[i].thread, receive_one, &consumers[i]);
    gate_pass(&all_here);
    sched_yield();
}

static int join_consumers(void)
{
    int received = 0;
    for (int i = 0; i < CONSUMERS; i++) {
        pthread_join(consumers[i].thread, NULL);
        received += consumers[i].received;
    }
    return received;
}

START_TEST(closing_an_empty_channel_wakes_all_consumers)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_consumers();
        channel_close(&channel);
        ck_assert_int_eq(join_consumers(), 0);
        channel_destroy(&channel);
    }
}
END_TEST

START_TEST(each_job_wakes_a_consumer_that_waits)
{
    struct job job = {0};
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_consumers();
        for (int sent = 0; sent < CONSUMERS; sent++)
            while (channel_try_send(&channel, &job) == CHANNEL_FULL)
                sched_yield();
        ck_assert_int_eq(join_consumers(), CONSUMERS);
        channel_destroy(&channel);
    }
}
END_TEST

static void send_jobs(int count)
{
    struct job job = {0};
    for (int sent = 0; sent < count; sent++)
        ck_assert_int_eq(channel_try_send(&channel, &job), CHANNEL_SENT);
}

// A consumer that sleeps beside a job stays in the channel until it is closed.
START_TEST(two_jobs_wake_two_consumers)
{
    for (int i = 0; i < ROUNDS; i++) {
        returned = 0;
        open_channel();
        start_waiting_consumers();
        send_jobs(2);
        int64_t end = clock_milliseconds() + SOON;
        while (returned < 2 && clock_milliseconds() < end)
            sched_yield();
        int woken = returned;
        channel_close(&channel);
        join_consumers();
        channel_destroy(&channel);
        ck_assert_int_eq(woken, 2);
    }
}
END_TEST

// POSIX lets pthread_cond_wait return though nothing was signalled.
START_TEST(a_consumer_that_is_woken_without_a_job_waits_on)
{
    open_channel();
    start_waiting_consumers();
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&channel.mutex);
        pthread_cond_broadcast(&channel.not_empty);
        pthread_mutex_unlock(&channel.mutex);
        sched_yield();
        ck_assert_int_eq(returned, 0);
    }
    send_jobs(2);
    channel_close(&channel);
    ck_assert_int_eq(join_consumers(), 2);
    channel_destroy(&channel);
}
END_TEST

// With a slot for each, all are sent before the first consumer has woken up.
START_TEST(jobs_sent_at_once_reach_as_many_waiting_consumers)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel_of(CONSUMERS);
        start_waiting_consumers();
        send_jobs(CONSUMERS);
        ck_assert_int_eq(join_consumers(), CONSUMERS);
        ck_assert_uint_eq(channel_length(&channel), 0);
        channel_destroy(&channel);
    }
}
END_TEST

// The channel stays full until a consumer that was woken has taken the job.
START_TEST(with_one_slot_a_job_is_received_or_rejected)
{
    struct job job = {0};
    for (int i = 0; i < ROUNDS; i++) {
        int sent = 0;
        open_channel_of(1);
        start_waiting_consumers();
        for (int attempt = 0; attempt < CONSUMERS; attempt++) {
            enum channel_send result = channel_try_send(&channel, &job);
            ck_assert_int_ne(result, CHANNEL_CLOSED);
            sent += result == CHANNEL_SENT ? 1 : 0;
        }
        ck_assert_int_ge(sent, 1); // the slot was empty
        channel_close(&channel);
        ck_assert_int_eq(join_consumers(), sent);
        channel_destroy(&channel);
    }
}
END_TEST

START_TEST(closing_while_consumers_wait_loses_no_job)
{
    for (int i = 0; i < ROUNDS; i++) {
        open_channel();
        start_waiting_consumers();
        send_jobs(2);
        channel_close(&channel);
        ck_assert_int_eq(join_consumers(), 2);
        channel_destroy(&channel);
    }
}
END_TEST

static Suite *channel_suite(void)
{
    Suite *suite = suite_create("channel between threads");
    TCase *tests = tcase_create("many threads");
    tcase_set_timeout(tests, TIMEOUT);
    tcase_add_test(tests, two_jobs_wake_two_consumers);
    tcase_add_test(tests, every_job_is_received_exactly_once);
    tcase_add_test(tests, one_consumer_gets_each_producers_jobs_in_order);
    tcase_add_test(tests, closing_an_empty_channel_wakes_all_consumers);
    tcase_add_test(tests, each_job_wakes_a_consumer_that_waits);
    tcase_add_test(tests, a_consumer_that_is_woken_without_a_job_waits_on);
    tcase_add_test(tests, jobs_sent_at_once_reach_as_many_waiting_consumers);
    tcase_add_test(tests, with_one_slot_a_job_is_received_or_rejected);
    tcase_add_test(tests, closing_while_consumers_wait_loses_no_job);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(channel_suite());
}
