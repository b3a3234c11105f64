#ifndef THAW_EXERCISES_FAULTS_H
#define THAW_EXERCISES_FAULTS_H

// faults.h - calls of a learner's files that fail once
//
//     THAW_FAULT=recv build/exercises/faulty_2_poll
//
// * It is included before the first line of each file of the learner. So the
//   calls there go to faults.c, and those of ours to the system.
// * THAW_FAULT names a call below: the first one fails. All others are as ever.
// * At the end, it says how much memory from malloc the files never freed.

#include "lib/base/buffer.h"
#include "lib/base/net.h"
#include "stage4_slow/thread.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

int faulty_poll(struct pollfd *entries, nfds_t count,
                int milliseconds); // EINTR
int faulty_accept(int listener);   // ECONNABORTED
ssize_t faulty_recv(int client, void *bytes, size_t size, int flags); // EAGAIN
void faulty_buffer_add(struct buffer *buffer, struct slice bytes);
void *faulty_malloc(size_t size);
void *faulty_calloc(size_t count, size_t size);
void faulty_free(void *bytes);
bool faulty_thread(void *work(void *), void *argument);
int faulty_pthread(pthread_t *thread, const pthread_attr_t *attributes,
                   void *work(void *), void *argument); // EAGAIN

#ifndef THAW_EXERCISES_FAULTS_C
#define poll(entries, count, milliseconds)                                     \
    faulty_poll(entries, count, milliseconds)
#define net_accept_nonblocking(listener) faulty_accept(listener)
#define recv(client, bytes, size, flags) faulty_recv(client, bytes, size, flags)
#define buffer_add(buffer, ...) faulty_buffer_add(buffer, __VA_ARGS__)
#define malloc(size) faulty_malloc(size)
#define calloc(count, size) faulty_calloc(count, size)
#define free(bytes) faulty_free(bytes)
#define thread_start(work, argument) faulty_thread(work, argument)
#define pthread_create(thread, attributes, work, argument)                     \
    faulty_pthread(thread, attributes, work, argument)
#endif

#endif
