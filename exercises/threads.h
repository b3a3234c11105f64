#ifndef THAW_EXERCISES_THREADS_H
#define THAW_EXERCISES_THREADS_H

// threads.h - sees and delays what the learner's threads do
//
// The linker puts functions of ours in the place of pthread_mutex_lock and the
// like (--wrap), in the whole program. So a check can hold a thread between two
// of its steps, and a bug that shows once in a million runs shows each time.
// Where the linker cannot, threads_are_seen() is false, and the checks repeat
// what they do many times instead.

#include <stdatomic.h>
#include <stdbool.h>

bool threads_are_seen(void);

// How many mutexes the calling thread holds.
int threads_held(void);

extern atomic_int threads_waiting;  // threads in pthread_cond_wait, now
extern atomic_int threads_blocked;  // threads in pthread_mutex_lock, now
extern atomic_int threads_notified; // calls of signal and broadcast
extern atomic_int threads_locked;   // calls of lock and trylock

// The next `count` calls of pthread_cond_wait return although nothing was
// signalled, as POSIX permits.
void threads_wake_for_nothing(int count);

// Hooks of the calling thread; NULL removes one. A hook must end soon.
// Before the thread sleeps in pthread_cond_wait, with the mutex locked:
void threads_before_wait(void hook(void *), void *context);
// Before it locks a mutex:
void threads_before_lock(void hook(void *), void *context);
// After it unlocked a mutex:
void threads_after_unlock(void hook(void *), void *context);
// After it started a thread, before pthread_create returns:
void threads_after_create(void hook(void *), void *context);

// From now on, `count` calls of pthread_create succeed, and those after them
// fail with EAGAIN. Below 0: none fails.
void threads_fail_create(int count);
extern atomic_int threads_created; // calls that succeeded
extern atomic_int threads_joined;  // calls of pthread_join

#endif
