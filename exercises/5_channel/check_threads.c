// check_threads.c - 5.4 eight threads, and 5.5 the same watched by the
// sanitizer

#include "exercises/5_channel/channel_check.h"

#include <sched.h>

enum {
    PRODUCERS = 4,
    EACH = 5000,     // jobs of one producer
    EACH_RACE = 200, // the same under the thread sanitizer
};

struct job {
    int producer;
    int number; // of the producer's jobs, from 0
};

struct producer {
    pthread_t thread;
    int number;
    int count;
};

static atomic_int times[PRODUCERS][EACH]; // how often each job came
static atomic_int strange;                // jobs that were never sent

static void *send_all(void *argument)
{
    const struct producer *producer = argument;
    struct job job = {.producer = producer->number};
    for (job.number = 0; job.number < producer->count; job.number++)
        while (channel_try_send(&channel, &job) == CHANNEL_FULL)
            sched_yield();
    return NULL;
}

static void *receive_all(void *argument)
{
    struct job job;
    (void)argument;
    while (channel_receive(&channel, &job)) {
        if (job.producer < 0 || job.producer >= PRODUCERS || job.number < 0 ||
            job.number >= EACH)
            strange++;
        else
            times[job.producer][job.number]++;
    }
    return NULL;
}

static void between_threads(int each)
{
    pthread_t consumers[CONSUMERS];
    struct producer producers[PRODUCERS];
    open_channel(CAPACITY, sizeof(struct job));
    for (int i = 0; i < CONSUMERS; i++)
        start_thread(&consumers[i], receive_all, NULL);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.number = i, .count = each};
        start_thread(&producers[i].thread, send_all, &producers[i]);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    channel_length(&channel);
    channel_close(&channel);
    for (int i = 0; i < CONSUMERS; i++)
        pthread_join(consumers[i], NULL);
}

static void expect_each_once(int each)
{
    int lost = 0;
    int doubled = 0;
    for (int i = 0; i < PRODUCERS; i++) {
        for (int number = 0; number < each; number++) {
            lost += times[i][number] == 0 ? 1 : 0;
            doubled += times[i][number] > 1 ? 1 : 0;
        }
    }
    check_that(lost == 0 && doubled == 0 && strange == 0,
               check_text("%d jobs were lost, %d came twice or more, and %d "
                          "were never sent",
                          lost, doubled, (int)strange),
               "each job once",
               "is the mutex held from the look at the counts until the job is "
               "copied and counted, in both functions?");
}

void step_threads(void)
{
    check_doing("a wake-up was lost: a job waits, and so do all consumers. Or "
                "a consumer does not see that the channel is closed",
                "%d producers with %d jobs each, %d consumers, %d slots",
                PRODUCERS, EACH, CONSUMERS, CAPACITY);
    between_threads(EACH);
    expect_each_once(EACH);
}

static void *ask_for_length(void *argument)
{
    (void)argument;
    for (int i = 0; i < EACH_RACE; i++)
        channel_length(&channel);
    return NULL;
}

static void *send_until_closed(void *argument)
{
    int job = 1;
    (void)argument;
    while (channel_try_send(&channel, &job) != CHANNEL_CLOSED)
        sched_yield();
    return NULL;
}

void step_race(void)
{
    pthread_t sending;
    pthread_t asking;
    struct consumer consumers[CONSUMERS];
    check_doing(LOCKED, "the same with %d jobs each", EACH_RACE);
    between_threads(EACH_RACE);
    expect_each_once(EACH_RACE);
    check_doing(LOCKED, "channel_close, while others send, receive and ask for "
                        "the length");
    open_channel(CAPACITY, sizeof(int));
    start_thread(&asking, ask_for_length, NULL);
    start_thread(&sending, send_until_closed, NULL);
    start_consumers(consumers, CONSUMERS);
    channel_close(&channel);
    join_consumers(consumers, CONSUMERS);
    pthread_join(sending, NULL);
    pthread_join(asking, NULL);
}
