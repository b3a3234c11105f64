#include "tests/unit/scarce.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int memory_left = INT_MAX;
static atomic_int threads_left = INT_MAX;
static atomic_int polls_to_fail;
static atomic_bool has_failed;
static atomic_bool was_detached;

void scarce_memory(int count)
{
    // The linker replaces this malloc, but none inside of jansson.
    json_set_alloc_funcs(malloc, free);
    memory_left = count;
}

void scarce_threads(int count)
{
    threads_left = count;
}

bool scarce_thread_is_detached(void)
{
    return was_detached;
}

void scarce_polls(int count)
{
    polls_to_fail = count;
}

bool scarce_end(void)
{
    memory_left = INT_MAX;
    threads_left = INT_MAX;
    polls_to_fail = 0;
    return atomic_exchange(&has_failed, false);
}

static bool is_granted(atomic_int *left)
{
    if (*left == INT_MAX || atomic_fetch_sub(left, 1) > 0)
        return true;
    has_failed = true;
    errno = ENOMEM;
    return false;
}

// The linker calls the system's function __real_X, and ours __wrap_X.
// NOLINTBEGIN(bugprone-reserved-identifier): ld(1) chose them
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *bytes, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument);
int __real_poll(struct pollfd *polled, nfds_t count, int milliseconds);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument);
int __wrap_poll(struct pollfd *polled, nfds_t count, int milliseconds);

void *__wrap_malloc(size_t size)
{
    return is_granted(&memory_left) ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_granted(&memory_left) ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *bytes, size_t size)
{
    return is_granted(&memory_left) ? __real_realloc(bytes, size) : NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *work(void *), void *argument)
{
    if (!is_granted(&threads_left))
        return EAGAIN;
    int state = PTHREAD_CREATE_JOINABLE;
    if (attributes != NULL)
        pthread_attr_getdetachstate(attributes, &state);
    was_detached = state == PTHREAD_CREATE_DETACHED;
    return __real_pthread_create(thread, attributes, work, argument);
}

int __wrap_poll(struct pollfd *polled, nfds_t count, int milliseconds)
{
    if (count == 0 || polls_to_fail == 0)
        return __real_poll(polled, count, milliseconds);
    polls_to_fail--;
    errno = ENOMEM;
    return -1;
}
// NOLINTEND(bugprone-reserved-identifier)
