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

// --- build: channel_try_send ---
//
// Copies the job into a free slot, wakes a consumer that waits for one, and
// returns CHANNEL_SENT. A channel in which `capacity` jobs wait: CHANNEL_FULL,
// at once. A closed one: CHANNEL_CLOSED, even if it is full. `slots` has room
// for `capacity` jobs of `job_size` bytes, one after the other; after the last
// slot comes the first again. Any thread may call it at any time.
enum channel_send channel_try_send(struct channel *channel, const void *job)
{
    (void)channel;
    (void)job;
    return CHANNEL_CLOSED;
}
// --- end ---

// --- build: channel_receive ---
//
// Copies the oldest job out, and returns true. While the channel is empty and
// open, it waits, and uses no processor. Returns false, and copies nothing,
// when the channel is closed and every job was received.
bool channel_receive(struct channel *channel, void *job)
{
    (void)channel;
    (void)job;
    return false;
}
// --- end ---

// --- build: channel_close ---
//
// From now on nothing is accepted. The jobs inside stay, and all consumers that
// wait find out.
void channel_close(struct channel *channel)
{
    (void)channel;
}
// --- end ---

size_t channel_length(struct channel *channel)
{
    pthread_mutex_lock(&channel->mutex);
    size_t length = waiting(channel);
    pthread_mutex_unlock(&channel->mutex);
    return length;
}
