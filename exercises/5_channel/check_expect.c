// check_expect.c - calls the channel, and says what is wrong

#include "exercises/5_channel/channel_check.h"

struct channel channel;

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

void open_channel(size_t capacity, size_t job_size)
{
    check_that(channel_init(&channel, capacity, job_size) == 0,
               "channel_init returned -1", "0",
               "was channel_init changed? It needs memory for "
               "capacity * job_size bytes");
}

void expect_unlocked(const char *function)
{
    check_that(threads_held() == 0,
               check_text("%s returned with the mutex still locked", function),
               "no mutex that is locked after the call",
               check_text("every path of %s must unlock, also the one that "
                          "this call took. The next call would wait for ever",
                          function));
}

void expect_send(int job, enum channel_send wanted, const char *likely)
{
    enum channel_send result = channel_try_send(&channel, &job);
    expect_unlocked("channel_try_send");
    check_that(result == wanted,
               check_text("job %d: %s", job, send_name(result)),
               check_text("job %d: %s", job, send_name(wanted)), likely);
}

void send_numbers(int first, int last)
{
    for (int job = first; job <= last; job++)
        expect_send(job, CHANNEL_SENT,
                    "is there a slot for each of `capacity` jobs, and is it "
                    "free again after channel_receive?");
}

const char *receive_name(bool received, int job)
{
    return received ? check_text("true, and job %d", job) : "false";
}

void expect_job(int wanted, const char *likely)
{
    int job = 0;
    bool received = channel_receive(&channel, &job);
    expect_unlocked("channel_receive");
    check_that(received && job == wanted, receive_name(received, job),
               receive_name(true, wanted), likely);
}

void expect_length(size_t wanted)
{
    size_t length = channel_length(&channel);
    expect_unlocked("channel_length");
    check_that(length == wanted,
               check_text("channel_length returned %zu", length),
               check_text("%zu", wanted),
               "a job waits from channel_try_send to channel_receive, and a "
               "rejected one never");
}
