// check_unlock.c - 5.4 with threads that stop after their unlock

#include "exercises/5_channel/channel_check.h"

// One thread stops after its unlock, until the other one is done.
static atomic_bool is_stopped;
static atomic_bool is_done;

static bool done(void *argument)
{
    (void)argument;
    return is_done;
}

static void stop_after_unlock(void *argument)
{
    (void)argument;
    is_stopped = true;
    check_until(done, NULL, PATIENCE_MS);
}

static void *receive_and_stop(void *argument)
{
    threads_after_unlock(stop_after_unlock, NULL);
    receive_one(argument);
    return NULL;
}

static void *send_and_stop(void *argument)
{
    threads_after_unlock(stop_after_unlock, NULL);
    channel_try_send(&channel, argument);
    is_stopped = true;
    return NULL;
}

static bool stopped(void *argument)
{
    (void)argument;
    return is_stopped;
}

static void run_until_unlock(pthread_t *thread, void *work(void *),
                             void *argument)
{
    is_stopped = is_done = false;
    start_thread(thread, work, argument);
    check_until(stopped, NULL, PATIENCE_MS);
}

// With one slot, the next job is copied over the one that was received.
static void slow_consumer(void)
{
    struct consumer consumer = {.channel = &channel};
    int next = 2;
    check_doing(LOCKED, "job 1 is received, and job 2 takes its slot while the "
                        "consumer stops after its unlock");
    open_channel(1, sizeof(int));
    send_numbers(1, 1);
    run_until_unlock(&consumer.thread, receive_and_stop, &consumer);
    channel_try_send(&channel, &next);
    is_done = true;
    join_consumers(&consumer, 1);
    check_that(consumer.received && consumer.job == 1,
               receive_name(consumer.received, consumer.job),
               receive_name(true, 1),
               "the job is copied after the unlock, when its slot may be in "
               "use again: copy first, then unlock");
}

static void slow_producer(void)
{
    struct consumer consumer = {.channel = &channel};
    pthread_t producer;
    int job = 3;
    check_doing(LOCKED, "job 3 is sent, and received while the producer stops "
                        "after its unlock");
    open_channel(1, sizeof(int));
    run_until_unlock(&producer, send_and_stop, &job);
    start_thread(&consumer.thread, receive_one, &consumer);
    check_until(has_returned, &consumer, PATIENCE_MS);
    is_done = true;
    pthread_join(producer, NULL);
    join_consumers(&consumer, 1);
    check_that(consumer.received && consumer.job == 3,
               receive_name(consumer.received, consumer.job),
               receive_name(true, 3),
               "the job is copied after the unlock, when a consumer may have "
               "taken it already: copy first, then unlock");
}

static bool took_or_waits(void *argument)
{
    return threads_waiting > 0 || has_returned(argument);
}

// The first consumer stops after any unlock: is the job still its own?
static void two_consumers(void)
{
    struct consumer consumers[2] = {{.channel = &channel},
                                    {.channel = &channel}};
    check_doing(LOCKED, "one job, and a second consumer comes while the first "
                        "one stops after its unlock; then another job");
    open_channel(CAPACITY, sizeof(int));
    send_numbers(1, 1);
    run_until_unlock(&consumers[0].thread, receive_and_stop, &consumers[0]);
    start_thread(&consumers[1].thread, receive_one, &consumers[1]);
    check_until(took_or_waits, &consumers[1], PATIENCE_MS);
    is_done = true;
    check_until(has_returned, &consumers[0], PATIENCE_MS);
    int second = 2;
    channel_try_send(&channel, &second);
    join_consumers(consumers, 2);
    int jobs[] = {consumers[0].job, consumers[1].job};
    check_that((jobs[0] == 1 && jobs[1] == 2) || (jobs[0] == 2 && jobs[1] == 1),
               check_text("jobs %d and %d", jobs[0], jobs[1]), "jobs 1 and 2",
               "between the look at the counts and their change, the mutex was "
               "unlocked: hold it from the one to the other");
}

void step_unlock(void)
{
    slow_consumer();
    slow_producer();
    two_consumers();
}
