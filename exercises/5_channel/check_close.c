// check_close.c - 5.3 close drains the channel, and wakes all

#include "exercises/5_channel/channel_check.h"

#define NO_BROADCAST                                                           \
    "not all consumers woke up: pthread_cond_signal wakes one, "               \
    "pthread_cond_broadcast all. And does each one look at `closed`?"

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

void step_close(void)
{
    drain();
    send_after_close();
    close_wakes_all();
    close_in_between();
}
