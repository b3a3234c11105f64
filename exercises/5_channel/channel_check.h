#ifndef THAW_EXERCISES_CHANNEL_CHANNEL_CHECK_H
#define THAW_EXERCISES_CHANNEL_CHANNEL_CHECK_H

// channel_check.h - what the files of the check of exercise 5 share
//
//     check.c            5.1, and the program
//     check_ring.c       5.2: one thread; check_wake.c: consumers that wait
//     check_close.c      5.3
//     check_unlock.c     5.4: two threads; check_threads.c: eight, and 5.5
//     check_expect.c     calls the channel, and says what is wrong
//     check_consumers.c  starts threads that receive, and lets them wait
//
// All call the functions of channel.h only, so any right channel passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "stage5_queue/channel.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    CAPACITY = 3,
    PATIENCE_MS = 300, // for what a right channel may never do
    CONSUMERS = 4,
};

#define LOCKED                                                                 \
    "the mutex is locked: does each path of the functions that ran before "    \
    "unlock it?"
#define NO_SIGNAL                                                              \
    "the consumer sleeps, although a job waits: channel_try_send must signal " \
    "the condition that channel_receive waits for, each time, and after the "  \
    "job is in"

extern struct channel channel;

// The steps; 5.2 and 5.4 have two parts.
void step_ring(void);
void step_wake(void);
void step_close(void);
void step_unlock(void);
void step_threads(void);
void step_race(void);

// check_expect.c

void open_channel(size_t capacity, size_t job_size);
void expect_unlocked(const char *function);
void expect_send(int job, enum channel_send wanted, const char *likely);
void send_numbers(int first, int last); // all of them must be accepted
void expect_job(int wanted, const char *likely);
void expect_length(size_t wanted);
const char *receive_name(bool received, int job);

// check_consumers.c

struct consumer {
    pthread_t thread;
    struct channel *channel;
    int job;
    bool received;
    atomic_bool returned;
    void (*before_wait)(void *);
};

void start_thread(pthread_t *thread, void *work(void *), void *argument);
void *receive_one(void *argument); // a consumer, in its thread
bool has_returned(void *argument); // the same, for check_until

// Starts consumers at the empty channel, and returns when they wait in
// pthread_cond_wait; or some time later, where that cannot be seen.
void start_consumers(struct consumer *consumers, int count);

// Starts one, and returns when it is between `empty?` and pthread_cond_wait.
void start_held_consumer(struct consumer *consumer);

void join_consumers(struct consumer *consumers, int count);

// Which job it is, other steps check.
void expect_received(struct consumer *consumer);

#endif
