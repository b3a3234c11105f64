#ifndef THAW_TESTS_BENCH_TEXTBOOK_H
#define THAW_TESTS_BENCH_TEXTBOOK_H

// textbook.h - the bounded channel of the textbooks, to compare ours with
//
// A mutex, a condition, and a signal on every push, whether anybody waits or
// not. Nothing is traced. The calls mean what they mean in channel.h.

#include "stage5_queue/channel.h"

struct textbook {
    pthread_mutex_t mutex; // guards all that follows
    pthread_cond_t not_empty;
    char *jobs;      // a ring of `capacity` jobs
    size_t job_size; // in bytes
    size_t capacity; // in jobs
    size_t first;    // place of the job that was waiting longest
    size_t length;   // in jobs, waiting
    bool closed;
};

int textbook_init(struct textbook *channel, size_t capacity, size_t job_size);
void textbook_destroy(struct textbook *channel);
enum channel_send textbook_try_send(struct textbook *channel, const void *job);
bool textbook_receive(struct textbook *channel, void *job);
void textbook_close(struct textbook *channel);

#endif
