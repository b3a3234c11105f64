#ifndef THAW_STAGE4_SLOW_THREAD_H
#define THAW_STAGE4_SLOW_THREAD_H

// thread.h - a thread of its own for one piece of work
//
// Nobody joins it. What it did, others learn from what it leaves behind.

#include <pthread.h>
#include <stdbool.h>

// False: the system has no thread left to give, and `work` is not called.
static inline bool thread_start(void *work(void *), void *argument)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, work, argument) == 0 &&
           pthread_detach(thread) == 0;
}

#endif
