#include "tests/bench/textbook.h"

#include <stdlib.h>
#include <string.h>

int textbook_init(struct textbook *channel, size_t capacity, size_t job_size)
{
    char *jobs = calloc(capacity, job_size);
    if (jobs == NULL)
        return -1;
    *channel = (struct textbook){.mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .not_empty = PTHREAD_COND_INITIALIZER,
                                 .jobs = jobs,
                                 .job_size = job_size,
                                 .capacity = capacity};
    return 0;
}

void textbook_destroy(struct textbook *channel)
{
    pthread_cond_destroy(&channel->not_empty);
    pthread_mutex_destroy(&channel->mutex);
    free(channel->jobs);
}

static void *place(const struct textbook *channel, size_t index)
{
    return channel->jobs + index % channel->capacity * channel->job_size;
}

enum channel_send textbook_try_send(struct textbook *channel, const void *job)
{
    enum channel_send result = CHANNEL_SENT;
    pthread_mutex_lock(&channel->mutex);
    if (channel->closed) {
        result = CHANNEL_CLOSED;
    } else if (channel->length == channel->capacity) {
        result = CHANNEL_FULL;
    } else {
        memcpy(place(channel, channel->first + channel->length), job,
               channel->job_size);
        channel->length++;
        pthread_cond_signal(&channel->not_empty);
    }
    pthread_mutex_unlock(&channel->mutex);
    return result;
}

bool textbook_receive(struct textbook *channel, void *job)
{
    pthread_mutex_lock(&channel->mutex);
    while (channel->length == 0 && !channel->closed)
        pthread_cond_wait(&channel->not_empty, &channel->mutex);
    bool received = channel->length > 0;
    if (received) {
        memcpy(job, place(channel, channel->first), channel->job_size);
        channel->first = (channel->first + 1) % channel->capacity;
        channel->length--;
    }
    pthread_mutex_unlock(&channel->mutex);
    return received;
}

void textbook_close(struct textbook *channel)
{
    pthread_mutex_lock(&channel->mutex);
    channel->closed = true;
    pthread_cond_broadcast(&channel->not_empty);
    pthread_mutex_unlock(&channel->mutex);
}
