#include "stage5_queue/channel.h"
#include "lib/base/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int channel_init(struct channel *channel, size_t capacity, size_t job_size)
{
    *channel = (struct channel){.job_size = job_size, .capacity = capacity};
    channel->slots = calloc(capacity, job_size);
    if (channel->slots == NULL)
        return -1;
    errno = pthread_mutex_init(&channel->mutex, NULL);
    if (errno == 0)
        errno = pthread_cond_init(&channel->not_empty, NULL);
    return errno == 0 ? 0 : -1;
}

void channel_destroy(struct channel *channel)
{
    pthread_cond_destroy(&channel->not_empty);
    pthread_mutex_destroy(&channel->mutex);
    free(channel->slots);
}

static size_t waiting(const struct channel *channel)
{
    return (size_t)(channel->sent - channel->received);
}

static void *slot(const struct channel *channel, uint64_t total)
{
    return channel->slots + total % channel->capacity * channel->job_size;
}

enum channel_send channel_try_send(struct channel *channel, const void *job)
{
    enum channel_send result = CHANNEL_SENT;
    pthread_mutex_lock(&channel->mutex);
    if (channel->closed) {
        result = CHANNEL_CLOSED;
    } else if (waiting(channel) == channel->capacity) {
        result = CHANNEL_FULL;
    } else {
        memcpy(slot(channel, channel->sent), job, channel->job_size);
        channel->sent++;
        trace_instant("enqueue", (int64_t)channel->sent);
        trace_count("channel", (int64_t)waiting(channel));
        pthread_cond_signal(&channel->not_empty);
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

bool channel_receive(struct channel *channel, void *job)
{
    pthread_mutex_lock(&channel->mutex);
    while (waiting(channel) == 0 && !channel->closed)
        pthread_cond_wait(&channel->not_empty, &channel->mutex);
    bool received = waiting(channel) > 0;
    if (received) {
        memcpy(job, slot(channel, channel->received), channel->job_size);
        channel->received++;
        trace_count("channel", (int64_t)waiting(channel));
    }
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
