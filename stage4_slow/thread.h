#ifndef THAW_STAGE4_SLOW_THREAD_H
#define THAW_STAGE4_SLOW_THREAD_H

// thread.h - a thread of its own for one piece of work
//
// The thread is never joined, so it must deliver its result itself.

#include "lib/service/metrics.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

// In bytes. With the usual default of 8 MiB, a thousand threads would reserve 8
// GB of addresses. A system for which this is too small uses its default.
enum { THREAD_STACK = 256 * 1024 };

// False: the system cannot start another thread, and `work` is not called.
//
// The thread is created detached. With pthread_detach, it might end before the
// call, and glibc before 2.43 may then read memory that is released
// (https://sourceware.org/bugzilla/show_bug.cgi?id=19951).
//
// A thread inherits the signal mask (POSIX, pthread_create): SIGINT and SIGTERM
// are blocked in it, so they always reach the thread of the loop, which lasts.
static inline bool thread_start(void *work(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t stop;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    bool is_started = pthread_create(&thread, &attributes, work, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
}

// Locks the mutex. Until then the thread is one of those that wait for it, and
// GET /metrics says how many these are.
static inline void thread_lock(pthread_mutex_t *mutex)
{
    metrics_add(METRIC_MUTEX_WAITING_THREADS, 1);
    pthread_mutex_lock(mutex);
    metrics_add(METRIC_MUTEX_WAITING_THREADS, -1);
}

#endif
