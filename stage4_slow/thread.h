#ifndef THAW_STAGE4_SLOW_THREAD_H
#define THAW_STAGE4_SLOW_THREAD_H

// thread.h - a thread of its own for one piece of work
//
// Nobody joins it. What it did, others learn from what it leaves behind.

#include <pthread.h>
#include <stdbool.h>

// False: the system has no thread left to give, and `work` is not called.
//
// It is detached from its beginning. One that has ended already must not be
// handed to pthread_detach: glibc before 2.43 may then read memory that is gone
// (https://sourceware.org/bugzilla/show_bug.cgi?id=19951).
static inline bool thread_start(void *work(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t detached;
    if (pthread_attr_init(&detached) != 0)
        return false;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool is_started = pthread_create(&thread, &detached, work, argument) == 0;
    pthread_attr_destroy(&detached);
    return is_started;
}

#endif
