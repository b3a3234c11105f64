#ifndef THAW_STAGE5_QUEUE_CHANNEL_H
#define THAW_STAGE5_QUEUE_CHANNEL_H

// channel.h - a bounded queue of jobs between threads
//
//     senders --> [ job job job . . . ] --> receivers
//                  <---- capacity ---->
//
// * A full channel refuses channel_try_send at once: that is the backpressure.
// * An empty channel makes channel_receive wait. Waking costs more than all the
//   rest, so sending does not: channel_wake does, once for all that was sent.
//   It wakes one receiver, which wakes the next if there is more. What is sent
//   before must find room.
// * channel_close says that nothing more will be sent. Receivers still get
//   every job already inside, and only then are told that it is over.
// * A job is copied in and copied out; nobody has anything to free. All memory
//   is taken by channel_init.

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum channel_send { CHANNEL_SENT, CHANNEL_FULL, CHANNEL_CLOSED };

struct channel {
    pthread_mutex_t mutex;    // guards all that follows
    pthread_cond_t not_empty; // or closed
    char *jobs;               // a ring of `capacity` jobs
    size_t job_size;          // in bytes
    size_t capacity;          // in jobs
    uint64_t sent;            // totals: sent - received jobs are waiting, and
    uint64_t received;        // total % capacity is the place in the ring
    size_t idle;              // receivers that wait
    bool waking;              // one of them was signalled, and is not back yet
    bool closed;
};

// Returns -1 and errno when there is no memory.
int channel_init(struct channel *channel, size_t capacity, size_t job_size);

// When no thread uses it any more.
void channel_destroy(struct channel *channel);

// Any thread. Does not wait for room. Somebody must call channel_wake later.
enum channel_send channel_try_send(struct channel *channel, const void *job);

// Any thread. Has what was sent until now received. The context is the channel,
// so that loop_before_wait can be given this as it is.
void channel_wake(void *context);

// Any thread. Waits for a job. False: closed, and every job was received.
bool channel_receive(struct channel *channel, void *job);

// Any thread, as often as it likes.
void channel_close(struct channel *channel);

// How many jobs are waiting. It may be another number before you look at it.
size_t channel_length(struct channel *channel);

#endif
