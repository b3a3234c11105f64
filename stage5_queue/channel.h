#ifndef THAW_STAGE5_QUEUE_CHANNEL_H
#define THAW_STAGE5_QUEUE_CHANNEL_H

// channel.h - a bounded queue of jobs between threads
//
//     producers --> [ job job job . . . ] --> consumers
//                    <---- capacity ---->
//
// * A full channel rejects a job at once; the producer can then shed load.
// * An empty channel makes channel_receive wait.
// * channel_close says that nothing more will be sent. Consumers still get
//   every job already inside, and only then are told that it is closed.
// * A job is copied in and copied out; no job has to be freed. All memory is
//   taken by channel_init.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum channel_send { CHANNEL_SENT, CHANNEL_FULL, CHANNEL_CLOSED };

struct channel {
    pthread_mutex_t mutex;    // guards all that follows
    pthread_cond_t not_empty; // or closed
    char *slots;              // a ring of `capacity` jobs
    size_t job_size;          // in bytes
    size_t capacity;          // in jobs
    uint64_t sent;            // a total; slot sent % capacity is the next
    uint64_t received;        // a total; sent - received jobs are waiting
    bool closed;
};

// `capacity` is at least 1. Returns -1 and sets errno when memory runs out.
int channel_init(struct channel *channel, size_t capacity, size_t job_size);

// Call it when no thread uses the channel any more.
void channel_destroy(struct channel *channel);

// All threads may call the others. This never waits for a slot.
enum channel_send channel_try_send(struct channel *channel, const void *job);

// Waits for a job. False: closed, and every job was received.
bool channel_receive(struct channel *channel, void *job);
void channel_close(struct channel *channel);

// How many jobs are waiting; another number may be true a moment later.
size_t channel_length(struct channel *channel);

#endif
