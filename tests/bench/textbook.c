#include "tests/bench/textbook.h"

#include <string.h>

static void *place(const struct channel *channel, uint64_t total)
{
    return channel->slots + total % channel->capacity * channel->job_size;
}

enum channel_send textbook_try_send(struct channel *channel, const void *job)
{
    enum channel_send result = CHANNEL_FULL;
    pthread_mutex_lock(&channel->mutex);
    if (channel->sent - channel->received < channel->capacity) {
        memcpy(place(channel, channel->sent++), job, channel->job_size);
        pthread_cond_signal(&channel->not_empty);
        result = CHANNEL_SENT;
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

bool textbook_receive(struct channel *channel, void *job)
{
    pthread_mutex_lock(&channel->mutex);
    while (channel->sent == channel->received && !channel->closed)
        pthread_cond_wait(&channel->not_empty, &channel->mutex);
    bool received = channel->sent > channel->received;
    if (received)
        memcpy(job, place(channel, channel->received++), channel->job_size);
    pthread_mutex_unlock(&channel->mutex);
    return received;
}
