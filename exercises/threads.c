#include "exercises/threads.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

struct hook {
    void (*call)(void *);
    void *context;
};

atomic_int threads_waiting;
atomic_int threads_blocked;
atomic_int threads_notified;
atomic_int threads_locked;
atomic_int threads_created;
atomic_int threads_joined;

static atomic_int wakes_for_nothing;
static atomic_int creates_left = -1;
static _Thread_local int held;
static _Thread_local struct hook before_wait;
static _Thread_local struct hook before_lock;
static _Thread_local struct hook after_unlock;
static _Thread_local struct hook after_create;

bool threads_are_seen(void)
{
#ifdef THAW_HAS_WRAP
    return true;
#else
    return false;
#endif
}

int threads_held(void)
{
    return held;
}

void threads_wake_for_nothing(int count)
{
    wakes_for_nothing = count;
}

void threads_before_wait(void hook(void *), void *context)
{
    before_wait = (struct hook){hook, context};
}

void threads_before_lock(void hook(void *), void *context)
{
    before_lock = (struct hook){hook, context};
}

void threads_after_unlock(void hook(void *), void *context)
{
    after_unlock = (struct hook){hook, context};
}

void threads_after_create(void hook(void *), void *context)
{
    after_create = (struct hook){hook, context};
}

void threads_fail_create(int count)
{
    creates_left = count;
}

#ifdef THAW_HAS_WRAP

// The linker calls the system's function __real_X, and ours __wrap_X.
// NOLINTBEGIN(bugprone-reserved-identifier): ld(1) chose them
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __real_pthread_cond_signal(pthread_cond_t *cond);
int __real_pthread_cond_broadcast(pthread_cond_t *cond);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument);
int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument);
int __wrap_pthread_join(pthread_t thread, void **result);

static void run_hook(const struct hook *hook)
{
    if (hook->call != NULL)
        hook->call(hook->context);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    run_hook(&before_lock);
    threads_locked++;
    int error = __real_pthread_mutex_trylock(mutex);
    if (error == EBUSY) {
        threads_blocked++;
        error = __real_pthread_mutex_lock(mutex);
        threads_blocked--;
    }
    held += error == 0 ? 1 : 0;
    return error;
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    threads_locked++;
    int error = __real_pthread_mutex_trylock(mutex);
    held += error == 0 ? 1 : 0;
    return error;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    int error = __real_pthread_mutex_unlock(mutex);
    held -= error == 0 ? 1 : 0;
    run_hook(&after_unlock);
    return error;
}

// Takes one of the wakes for nothing, if one is left.
static bool wakes_now(void)
{
    int left = wakes_for_nothing;
    while (left > 0)
        if (atomic_compare_exchange_weak(&wakes_for_nothing, &left, left - 1))
            return true;
    return false;
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    int error = 0;
    run_hook(&before_wait);
    threads_waiting++;
    if (wakes_now()) {
        __real_pthread_mutex_unlock(mutex);
        sched_yield();
        __real_pthread_mutex_lock(mutex);
    } else {
        error = __real_pthread_cond_wait(cond, mutex);
    }
    threads_waiting--;
    return error;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until)
{
    run_hook(&before_wait);
    threads_waiting++;
    int error = __real_pthread_cond_timedwait(cond, mutex, until);
    threads_waiting--;
    return error;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    int error = __real_pthread_cond_signal(cond);
    threads_notified++;
    return error;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
    int error = __real_pthread_cond_broadcast(cond);
    threads_notified++;
    return error;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument)
{
    if (creates_left == 0) {
        memset(thread, 0, sizeof *thread);
        return EAGAIN;
    }
    if (creates_left > 0)
        creates_left--;
    int error = __real_pthread_create(thread, attributes, work, argument);
    threads_created += error == 0 ? 1 : 0;
    if (error == 0)
        run_hook(&after_create);
    return error;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    static const pthread_t never_started;
    threads_joined++;
    // glibc would crash, or not: this is undefined.
    if (memcmp(&thread, &never_started, sizeof thread) == 0)
        return ESRCH;
    return __real_pthread_join(thread, result);
}
// NOLINTEND(bugprone-reserved-identifier)

#endif
