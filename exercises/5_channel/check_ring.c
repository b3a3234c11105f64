// check_ring.c - 5.2 on one thread: jobs come in order, and whole

#include "exercises/5_channel/channel_check.h"

#include <string.h>

enum { MANY_JOBS = 70000 }; // more than a counter of 16 bits counts

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

void step_ring(void)
{
    slots_apart();
    in_order();
    large_jobs();
    around_the_ring();
    two_channels();
}
