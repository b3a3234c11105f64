// check_consumers.c - threads that receive

#include "exercises/5_channel/channel_check.h"

#include <string.h>

void *receive_one(void *argument)
{
    struct consumer *consumer = argument;
    threads_before_wait(consumer->before_wait, consumer);
    consumer->received = channel_receive(consumer->channel, &consumer->job);
    consumer->returned = true;
    return NULL;
}

void start_thread(pthread_t *thread, void *work(void *), void *argument)
{
    int error = pthread_create(thread, NULL, work, argument);
    check_that(error == 0, check_text("pthread_create: %s", strerror(error)),
               "a thread", "this machine has no threads left: see ulimit -u");
}

bool has_returned(void *argument)
{
    return ((struct consumer *)argument)->returned;
}

static bool all_wait(void *argument)
{
    return threads_waiting >= *(int *)argument;
}

void start_consumers(struct consumer *consumers, int count)
{
    int waiting = threads_waiting + count;
    for (int i = 0; i < count; i++) {
        consumers[i] = (struct consumer){.channel = &channel};
        start_thread(&consumers[i].thread, receive_one, &consumers[i]);
    }
    check_until(all_wait, &waiting, threads_are_seen() ? PATIENCE_MS : 50);
}

void join_consumers(struct consumer *consumers, int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(consumers[i].thread, NULL);
}

void expect_received(struct consumer *consumer)
{
    join_consumers(consumer, 1);
    check_that(consumer->received, "false", "true",
               "the consumer that was woken takes the job that was sent");
}

static bool notified_or_blocked(void *argument)
{
    return threads_blocked > 0 || threads_notified > *(int *)argument;
}

// The consumer has seen that the channel is empty, and has the mutex. It sleeps
// only when the producer waits for the mutex, or signals without it.
static int notified_before;
static atomic_bool is_about_to_wait;

static void hold_before_wait(void *argument)
{
    (void)argument;
    threads_before_wait(NULL, NULL);
    is_about_to_wait = true;
    check_until(notified_or_blocked, &notified_before, PATIENCE_MS);
}

static bool about_to_wait(void *argument)
{
    return is_about_to_wait || has_returned(argument);
}

void start_held_consumer(struct consumer *consumer)
{
    *consumer =
        (struct consumer){.channel = &channel, .before_wait = hold_before_wait};
    notified_before = threads_notified;
    is_about_to_wait = false;
    start_thread(&consumer->thread, receive_one, consumer);
    check_until(about_to_wait, consumer, PATIENCE_MS);
}
