// check.c - is it a channel? One function for each step of exercise 5.
//
// It calls the functions of channel.h only, so any right channel passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "stage5_queue/channel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum {
    CAPACITY = 3,
    PATIENCE_MS = 300, // for what a right channel may never do
    CONSUMERS = 4,
    PRODUCERS = 4,
    EACH = 5000,       // jobs of one producer
    EACH_RACE = 200,   // the same under the thread sanitizer
    ROUNDS = 100,      // of what depends on how threads run
    MANY_JOBS = 70000, // more than a counter of 16 bits counts
};

#define LOCKED                                                                 \
    "the mutex is locked: does each path of the functions that ran before "    \
    "unlock it?"
#define NO_SIGNAL                                                              \
    "the consumer sleeps, although a job waits: channel_try_send must signal " \
    "the condition that channel_receive waits for, each time, and after the "  \
    "job is in"
#define NO_BROADCAST                                                           \
    "not all consumers woke up: pthread_cond_signal wakes one, "               \
    "pthread_cond_broadcast all. And does each one look at `closed`?"

static struct channel channel;

// --- What one thread can see ------------------------------------------------

static const char *send_name(enum channel_send result)
{
    switch (result) {
    case CHANNEL_SENT:
        return "CHANNEL_SENT";
    case CHANNEL_FULL:
        return "CHANNEL_FULL";
    case CHANNEL_CLOSED:
        return "CHANNEL_CLOSED";
    }
    return "none of the three results";
}

static void open_channel(size_t capacity, size_t job_size)
{
    check_that(channel_init(&channel, capacity, job_size) == 0,
               "channel_init returned -1", "0",
               "was channel_init changed? It needs memory for "
               "capacity * job_size bytes");
}

static void expect_unlocked(const char *function)
{
    check_that(threads_held() == 0,
               check_text("%s returned with the mutex still locked", function),
               "no mutex that is locked after the call",
               check_text("every path of %s must unlock, also the one that "
                          "this call took. The next call would wait for ever",
                          function));
}

static void expect_send(int job, enum channel_send wanted, const char *likely)
{
    enum channel_send result = channel_try_send(&channel, &job);
    expect_unlocked("channel_try_send");
    check_that(result == wanted,
               check_text("job %d: %s", job, send_name(result)),
               check_text("job %d: %s", job, send_name(wanted)), likely);
}

static void send_numbers(int first, int last)
{
    for (int job = first; job <= last; job++)
        expect_send(job, CHANNEL_SENT,
                    "is there a slot for each of `capacity` jobs, and is it "
                    "free again after channel_receive?");
}

static const char *receive_name(bool received, int job)
{
    return received ? check_text("true, and job %d", job) : "false";
}

static void expect_job(int wanted, const char *likely)
{
    int job = 0;
    bool received = channel_receive(&channel, &job);
    expect_unlocked("channel_receive");
    check_that(received && job == wanted, receive_name(received, job),
               receive_name(true, wanted), likely);
}

static void expect_length(size_t wanted)
{
    size_t length = channel_length(&channel);
    expect_unlocked("channel_length");
    check_that(length == wanted,
               check_text("channel_length returned %zu", length),
               check_text("%zu", wanted),
               "a job waits from channel_try_send to channel_receive, and a "
               "rejected one never");
}

// --- 5.1 a full channel rejects ---------------------------------------------

static void fill(int capacity)
{
    check_doing(LOCKED, "%d job%s into a channel with %d slot%s", capacity,
                capacity == 1 ? "" : "s", capacity, capacity == 1 ? "" : "s");
    open_channel((size_t)capacity, sizeof(int));
    check_that(channel_length(&channel) == 0,
               "it is not empty: channel_length "
               "did not return 0",
               "0",
               "the channel is new. Is a variable "
               "static? Each channel needs its own");
    for (int job = 1; job <= capacity; job++)
        expect_send(job, CHANNEL_SENT,
                    job == 1 ? "the channel is empty and open: it has room "
                               "for a job"
                             : "there is a slot left: a channel is full when "
                               "`capacity` jobs wait, and not before");
    check_doing("channel_try_send waits for a free slot, or for the mutex. It "
                "must return CHANNEL_FULL at once, and unlock before",
                "one job more, job %d, into the full channel", capacity + 1);
    expect_send(capacity + 1, CHANNEL_FULL,
                "is the number of waiting jobs compared with `capacity`, "
                "before the job is copied?");
    check_doing("does the path that returns CHANNEL_FULL unlock the mutex?",
                "job %d again: still full", capacity + 1);
    expect_send(capacity + 1, CHANNEL_FULL,
                "a rejected job must change nothing");
    expect_length((size_t)capacity);
}

static void full(void)
{
    fill(CAPACITY);
    fill(1);
    fill(100);
}

// --- 5.2 an empty channel waits ---------------------------------------------

struct consumer {
    pthread_t thread;
    struct channel *channel;
    int job;
    bool received;
    atomic_bool returned;
    void (*before_wait)(void *);
};

static void *receive_one(void *argument)
{
    struct consumer *consumer = argument;
    threads_before_wait(consumer->before_wait, consumer);
    consumer->received = channel_receive(consumer->channel, &consumer->job);
    consumer->returned = true;
    return NULL;
}

static void start(pthread_t *thread, void *work(void *), void *argument)
{
    int error = pthread_create(thread, NULL, work, argument);
    check_that(error == 0, check_text("pthread_create: %s", strerror(error)),
               "a thread", "this machine has no threads left: see ulimit -u");
}

static bool has_returned(void *argument)
{
    return ((struct consumer *)argument)->returned;
}

static bool all_wait(void *argument)
{
    return threads_waiting >= *(int *)argument;
}

// Starts consumers at the empty channel, and returns when they wait in
// pthread_cond_wait; or some time later, where that cannot be seen.
static void start_consumers(struct consumer *consumers, int count)
{
    int waiting = threads_waiting + count;
    for (int i = 0; i < count; i++) {
        consumers[i] = (struct consumer){.channel = &channel};
        start(&consumers[i].thread, receive_one, &consumers[i]);
    }
    check_until(all_wait, &waiting, threads_are_seen() ? PATIENCE_MS : 50);
}

static void join_consumers(struct consumer *consumers, int count)
{
    for (int i = 0; i < count; i++)
        pthread_join(consumers[i].thread, NULL);
}

// A job that mixes the bytes of several was in slots that overlap.
#define SLOTS                                                                  \
    "this job was never sent: it has bytes of several. `slots` is a char *, "  \
    "so slot i begins at i * job_size"

static void slots_apart(void)
{
    char came[8 + 1] = "";
    check_doing("channel_receive waits, although jobs are inside: how does it "
                "find out that the channel is empty?",
                "jobs of 8 bytes, 11111111, 22222222 and 33333333, and then "
                "channel_receive");
    open_channel(CAPACITY, 8);
    channel_try_send(&channel, "11111111");
    channel_try_send(&channel, "22222222");
    channel_try_send(&channel, "33333333");
    channel_receive(&channel, came);
    expect_unlocked("channel_receive");
    size_t ones = strspn(came, "1");
    bool is_mixed = ones > 0 && came[ones] != '\0';
    check_that(!is_mixed, check_text("the job %s", came), "the job 11111111",
               SLOTS);
}

static void in_order(void)
{
    const char *likely = "a queue gives the oldest job first, from the slot "
                         "that it was copied to";
    check_doing("channel_receive waits, although jobs are inside: how does it "
                "find out that the channel is empty?",
                "jobs 1, 2 and 3, and then three times channel_receive");
    open_channel(CAPACITY, sizeof(int));
    send_numbers(1, 3);
    expect_job(1, likely);
    expect_job(2, likely);
    expect_length(1);
    expect_job(3, likely);
    expect_length(0);
}

static void around_the_ring(void)
{
    check_doing("a job is lost, or a slot is never free again",
                "%d jobs through %d slots, two of which are in use", MANY_JOBS,
                CAPACITY);
    open_channel(CAPACITY, sizeof(int));
    send_numbers(1, 2);
    for (int job = 3; job < MANY_JOBS; job++) {
        send_numbers(job, job);
        expect_job(job - 2, "after the last slot comes the first again: is "
                            "each job copied to the slot that "
                            "channel_receive takes it from, also after "
                            "65,536 jobs?");
    }
    expect_length(2);
}

static void large_jobs(void)
{
    char letters[2][264] = {"the first", "the second"};
    char came[264] = "";
    check_doing(LOCKED, "two jobs of 264 bytes each, as events are");
    open_channel(2, sizeof came);
    memset(letters[0] + 10, 'x', 200);
    channel_try_send(&channel, letters[0]);
    memcpy(letters[0], letters[1], sizeof letters[0]);
    channel_try_send(&channel, letters[0]);
    channel_receive(&channel, came);
    check_that(strcmp(came, "the first") == 0 && came[209] == 'x',
               check_text("the job \"%.20s\", and its byte 209 is %d", came,
                          came[209]),
               "the job \"the first\", and its byte 209 is 120",
               strstr(came, "second") != NULL
                   ? SLOTS
                   : "all job_size bytes of a job are copied in and copied "
                     "out, and the producer may use its variable again at "
                     "once");
}

static void two_channels(void)
{
    struct channel other;
    int job = 8;
    check_doing(LOCKED, "job 7 into one channel, job 8 into another one");
    open_channel(CAPACITY, sizeof(int));
    check_that(channel_init(&other, CAPACITY, sizeof(int)) == 0,
               "channel_init returned -1", "0", "was it changed?");
    send_numbers(7, 7);
    channel_try_send(&other, &job);
    check_that(channel_length(&other) == 1,
               check_text("the other one has %zu jobs", channel_length(&other)),
               "1", "is a variable static? Each channel needs its own");
    expect_job(7, "is a variable static? Each channel needs its own");
    channel_destroy(&other);
}

static void expect_to_wait(const struct consumer *consumer, const char *likely)
{
    check_that(!consumer->returned,
               check_text("channel_receive returned %s",
                          receive_name(consumer->received, consumer->job)),
               "channel_receive waits until there is a job", likely);
}

// Which job it is, the steps before and after this one check.
static void expect_received(struct consumer *consumer)
{
    join_consumers(consumer, 1);
    check_that(consumer->received, "false", "true",
               "the consumer that was woken takes the job that was sent");
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
        start(&consumers[1].thread, receive_one, &consumers[1]);
        check_until(one_returned, consumers, PATIENCE_MS);
        send_numbers(2, 2);
        join_consumers(consumers, 2);
        check_that(consumers[0].received && consumers[1].received,
                   "false, from a channel that is open", "to wait on", WHILE);
    }
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

static void start_held_consumer(struct consumer *consumer)
{
    *consumer =
        (struct consumer){.channel = &channel, .before_wait = hold_before_wait};
    notified_before = threads_notified;
    is_about_to_wait = false;
    start(&consumer->thread, receive_one, consumer);
    check_until(about_to_wait, consumer, PATIENCE_MS);
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

static void empty(void)
{
    slots_apart();
    in_order();
    large_jobs();
    around_the_ring();
    two_channels();
    sleep_and_wake();
    if (threads_are_seen())
        woken_for_nothing();
    else
        robbed();
    signal_in_between();
    as_many_as_jobs();
}

// --- 5.3 close drains it ----------------------------------------------------

static void expect_closed(void)
{
    int job = -1;
    bool received = channel_receive(&channel, &job);
    expect_unlocked("channel_receive");
    check_that(!received, receive_name(received, job), "false",
               "the channel is closed, and no job is left: the result says "
               "whether a job was received, not that the wait is over");
    check_that(job == -1, "the job was overwritten, although none was received",
               "the caller's variable as it was",
               "copy a job only when there is one");
}

static void drain(void)
{
    check_doing("channel_receive waits, although the channel is closed: its "
                "loop must end then, too",
                "jobs 1, 2 and 3, channel_close, and channel_receive until it "
                "returns false");
    open_channel(CAPACITY, sizeof(int));
    send_numbers(1, 3);
    channel_close(&channel);
    expect_unlocked("channel_close");
    for (int job = 1; job <= 3; job++)
        expect_job(job, "a closed channel still gives the jobs that are in it: "
                        "they were accepted. Is `closed` looked at too early?");
    expect_closed();
    expect_closed();
}

static void send_after_close(void)
{
    const char *likely = "after channel_close, nothing more is accepted: look "
                         "at `closed` first. Not FULL, which means: try again";
    check_doing(LOCKED, "a job after channel_close, to an empty channel and to "
                        "a full one");
    expect_send(4, CHANNEL_CLOSED, likely);
    expect_length(0);
    open_channel(CAPACITY, sizeof(int));
    send_numbers(1, CAPACITY);
    channel_close(&channel);
    expect_send(5, CHANNEL_CLOSED, likely);
    check_doing(LOCKED, "channel_close again");
    channel_close(&channel);
    expect_unlocked("channel_close");
    expect_length(CAPACITY);
}

static void close_wakes_all(void)
{
    struct consumer consumers[CONSUMERS];
    check_doing(NO_BROADCAST, "channel_close, while %d consumers wait",
                CONSUMERS);
    open_channel(CAPACITY, sizeof(int));
    start_consumers(consumers, CONSUMERS);
    channel_close(&channel);
    join_consumers(consumers, CONSUMERS);
    for (int i = 0; i < CONSUMERS; i++)
        check_that(!consumers[i].received, receive_name(true, consumers[i].job),
                   "false",
                   "nothing was sent: the result says whether a job was "
                   "received");
}

static void close_in_between(void)
{
    struct consumer consumer;
    check_doing("the wake-up came when the consumer had seen the empty, open "
                "channel, and did not sleep yet, so it was lost: "
                "channel_close must lock the mutex",
                "channel_close, while a consumer is between `empty?` and "
                "pthread_cond_wait");
    open_channel(CAPACITY, sizeof(int));
    start_held_consumer(&consumer);
    channel_close(&channel);
    join_consumers(&consumer, 1);
}

static void close_step(void)
{
    drain();
    send_after_close();
    close_wakes_all();
    close_in_between();
}

// --- 5.4 eight threads ------------------------------------------------------

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
    start(thread, work, argument);
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
    start(&consumer.thread, receive_one, &consumer);
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
    start(&consumers[1].thread, receive_one, &consumers[1]);
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
        start(&consumers[i], receive_all, NULL);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.number = i, .count = each};
        start(&producers[i].thread, send_all, &producers[i]);
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

static void threads_step(void)
{
    slow_consumer();
    slow_producer();
    two_consumers();
    check_doing("a wake-up was lost: a job waits, and so do all consumers. Or "
                "a consumer does not see that the channel is closed",
                "%d producers with %d jobs each, %d consumers, %d slots",
                PRODUCERS, EACH, CONSUMERS, CAPACITY);
    between_threads(EACH);
    expect_each_once(EACH);
}

// --- 5.5 no data race -------------------------------------------------------

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

static void race(void)
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
    start(&asking, ask_for_length, NULL);
    start(&sending, send_until_closed, NULL);
    start_consumers(consumers, CONSUMERS);
    channel_close(&channel);
    join_consumers(consumers, CONSUMERS);
    pthread_join(sending, NULL);
    pthread_join(asking, NULL);
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"full", full},        {"empty", empty},
        {"close", close_step}, {"threads", threads_step},
        {"race", race},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
