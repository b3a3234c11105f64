// check.c - is it a channel? Step 5.1, and the program

#include "exercises/5_channel/channel_check.h"

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

static void step_full(void)
{
    fill(CAPACITY);
    fill(1);
    fill(100);
}

static void step_empty(void)
{
    step_ring();
    step_wake();
}

static void step_all_threads(void)
{
    step_unlock();
    step_threads();
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"full", step_full},   {"empty", step_empty},
        {"close", step_close}, {"threads", step_all_threads},
        {"race", step_race},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
