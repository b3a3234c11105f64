// check_wake.c - 5.2 with consumers that wait at the empty channel

#include "exercises/5_channel/channel_check.h"

#include <time.h>

enum { ROUNDS = 100 }; // of what depends on how threads run

static void expect_to_wait(const struct consumer *consumer, const char *likely)
{
    check_that(!consumer->returned,
               check_text("channel_receive returned %s",
                          receive_name(consumer->received, consumer->job)),
               "channel_receive waits until there is a job", likely);
}

static void sleep_and_wake(void)
{
    struct consumer consumer;
    struct timespec used[2];
    check_doing(NO_SIGNAL, "channel_receive at an empty channel, and job 5 "
                           "a moment later");
    open_channel(CAPACITY, sizeof(int));
    start_consumers(&consumer, 1);
    int locked = threads_locked;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used[0]);
    check_until(has_returned, &consumer, PATIENCE_MS / 2);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used[1]);
    expect_to_wait(&consumer, "nothing was sent, and the channel is open: call "
                              "pthread_cond_wait while it is empty");
    double used_ms = (double)(used[1].tv_sec - used[0].tv_sec) * 1e3 +
                     (double)(used[1].tv_nsec - used[0].tv_nsec) / 1e6;
    check_that(threads_locked - locked < 10 && used_ms < PATIENCE_MS / 3.0,
               check_text("while the channel was empty for 0.15 s, the mutex "
                          "was locked %d times, and %.0f ms of the processor "
                          "were used",
                          threads_locked - locked, used_ms),
               "a consumer that sleeps until it is woken",
               "it looks for a job again and again (a busy wait): let it sleep "
               "in pthread_cond_wait");
    send_numbers(5, 5);
    expect_received(&consumer);
}

#define WHILE                                                                  \
    "pthread_cond_wait may return although nothing was signalled, and "        \
    "another "                                                                 \
    "consumer may have taken the job: look again, in a `while`, not an `if`"

static void woken_for_nothing(void)
{
    struct consumer consumer;
    check_doing(NO_SIGNAL,
                "pthread_cond_wait returns although nothing was sent, as "
                "POSIX permits (a spurious wake-up)");
    threads_wake_for_nothing(1);
    start_consumers(&consumer, 1);
    check_until(has_returned, &consumer, PATIENCE_MS / 3);
    threads_wake_for_nothing(0);
    expect_to_wait(&consumer, WHILE);
    send_numbers(6, 6);
    expect_received(&consumer);
}

static bool one_returned(void *argument)
{
    const struct consumer *consumers = argument;
    return consumers[0].returned || consumers[1].returned;
}

// The second consumer comes when the first one is woken, and often takes its
// job.
static void robbed(void)
{
    struct consumer consumers[2];
    check_doing(NO_SIGNAL, "a job for a consumer that waits, and another "
                           "consumer comes at the same time");
    for (int i = 0; i < ROUNDS; i++) {
        start_consumers(&consumers[0], 1);
        send_numbers(1, 1);
        consumers[1] = (struct consumer){.channel = &channel};
        start_thread(&consumers[1].thread, receive_one, &consumers[1]);
        check_until(one_returned, consumers, PATIENCE_MS);
        send_numbers(2, 2);
        join_consumers(consumers, 2);
        check_that(consumers[0].received && consumers[1].received,
                   "false, from a channel that is open", "to wait on", WHILE);
    }
}

static void signal_in_between(void)
{
    struct consumer consumer;
    check_doing("the signal came when the consumer had seen the empty channel, "
                "and did not sleep yet, so it was lost. Lock the mutex, and "
                "signal after the job is in",
                "job 9, while a consumer is between `empty?` and "
                "pthread_cond_wait");
    start_held_consumer(&consumer);
    send_numbers(9, 9);
    expect_received(&consumer);
}

static void as_many_as_jobs(void)
{
    struct consumer consumers[CONSUMERS];
    check_doing("not each job woke a consumer: signal for every job, also when "
                "the channel was not empty",
                "%d jobs at once, while %d consumers wait", CONSUMERS,
                CONSUMERS);
    open_channel(CONSUMERS, sizeof(int));
    for (int i = 0; i < ROUNDS; i++) {
        start_consumers(consumers, CONSUMERS);
        send_numbers(1, CONSUMERS);
        join_consumers(consumers, CONSUMERS);
        expect_length(0);
    }
}

void step_wake(void)
{
    sleep_and_wake();
    if (threads_are_seen())
        woken_for_nothing();
    else
        robbed();
    signal_in_between();
    as_many_as_jobs();
}
