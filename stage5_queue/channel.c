#include "stage5_queue/channel.h"
#include "lib/base/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int channel_init(struct channel *channel, size_t capacity, size_t job_size)
{
    char *jobs = calloc(capacity, job_size);
    if (jobs == NULL)
        return -1;
    *channel = (struct channel){.mutex = PTHREAD_MUTEX_INITIALIZER,
                                .not_empty = PTHREAD_COND_INITIALIZER,
                                .jobs = jobs,
                                .job_size = job_size,
                                .capacity = capacity};
    return 0;
}

void channel_destroy(struct channel *channel)
{
    pthread_cond_destroy(&channel->not_empty);
    pthread_mutex_destroy(&channel->mutex);
    free(channel->jobs);
}

static size_t waiting(const struct channel *channel)
{
    return (size_t)(channel->sent - channel->received);
}

static void *place(const struct channel *channel, uint64_t total)
{
    return channel->jobs + total % channel->capacity * channel->job_size;
}

// With the mutex held. One at a time: whoever comes back looks whether another
// is needed. If all were woken at once, most would find nothing left.
static void wake_one(struct channel *channel)
{
    if (waiting(channel) == 0 || channel->idle == 0 || channel->waking)
        return;
    channel->waking = true;
    pthread_cond_signal(&channel->not_empty);
}

enum channel_send channel_try_send(struct channel *channel, const void *job)
{
    enum channel_send result = CHANNEL_SENT;
    pthread_mutex_lock(&channel->mutex);
    if (channel->closed) {
        result = CHANNEL_CLOSED;
    } else if (waiting(channel) == channel->capacity) {
        result = CHANNEL_FULL;
        wake_one(channel); // for the next one
    } else {
        memcpy(place(channel, channel->sent), job, channel->job_size);
        channel->sent++;
        trace_instant("enqueue", (int64_t)channel->sent);
        trace_count("channel", (int64_t)waiting(channel));
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

void channel_wake(void *context)
{
    struct channel *channel = context;
    pthread_mutex_lock(&channel->mutex);
    channel->waking = false; // were that wake-up lost, this one makes it good
    wake_one(channel);
    pthread_mutex_unlock(&channel->mutex);
}

static void wait_until_woken(struct channel *channel)
{
    channel->idle++;
    pthread_cond_wait(&channel->not_empty, &channel->mutex);
    channel->idle--;
    channel->waking = false;
}

bool channel_receive(struct channel *channel, void *job)
{
    pthread_mutex_lock(&channel->mutex);
    while (waiting(channel) == 0 && !channel->closed)
        wait_until_woken(channel);
    bool received = waiting(channel) > 0;
    if (received) {
        memcpy(job, place(channel, channel->received), channel->job_size);
        channel->received++;
        trace_count("channel", (int64_t)waiting(channel));
    }
    wake_one(channel);
    pthread_mutex_unlock(&channel->mutex);
    return received;
}

void channel_close(struct channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    channel->closed = true;
    pthread_cond_broadcast(&channel->not_empty);
    pthread_mutex_unlock(&channel->mutex);
}

size_t channel_length(struct channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    size_t length = waiting(channel);
    pthread_mutex_unlock(&channel->mutex);
    return length;
}
