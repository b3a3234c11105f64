#ifndef THAW_STAGE4_SLOW_THREAD_H
#define THAW_STAGE4_SLOW_THREAD_H

// thread.h - a thread of its own for one piece of work
//
// The thread is never joined, so it must deliver its result itself.

#include <pthread.h>
#include <stdbool.h>

// False: the system cannot start another thread, and `work` is not called.
//
// The thread is created detached. With pthread_detach, it might end before the
// call, and glibc before 2.43 may then read memory that is released
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
