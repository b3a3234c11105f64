#define THAW_EXERCISES_FAULTS_C
#include "exercises/faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_bool has_failed;
static atomic_int blocks; // from malloc, not freed yet

// Is this the call that fails?
static bool fails(const char *name)
{
    const char *wanted = getenv("THAW_FAULT");
    return wanted != NULL && strcmp(wanted, name) == 0 &&
           !atomic_exchange(&has_failed, true);
}

static bool fails_with(const char *name, int error)
{
    bool is_failing = fails(name);
    if (is_failing)
        errno = error;
    return is_failing;
}

// As Linux does: after EINTR, no entry is ready.
int faulty_poll(struct pollfd *entries, nfds_t count, int milliseconds)
{
    if (!fails_with("poll", EINTR))
        return poll(entries, count, milliseconds);
    for (nfds_t i = 0; i < count; i++)
        entries[i].revents = 0;
    return -1;
}

int faulty_accept(int listener)
{
    return fails_with("accept", ECONNABORTED)
               ? -1
               : net_accept_nonblocking(listener);
}

ssize_t faulty_recv(int client, void *bytes, size_t size, int flags)
{
    return fails_with("recv", EAGAIN) ? -1 : recv(client, bytes, size, flags);
}

void faulty_buffer_add(struct buffer *buffer, struct slice bytes)
{
    if (fails("buffer_add"))
        buffer->failed = true;
    buffer_add(buffer, bytes);
}

static void *counted(void *bytes)
{
    if (bytes != NULL)
        blocks++;
    return bytes;
}

void *faulty_malloc(size_t size)
{
    return fails_with("malloc", ENOMEM) ? NULL : counted(malloc(size));
}

void *faulty_calloc(size_t count, size_t size)
{
    return fails_with("malloc", ENOMEM) ? NULL : counted(calloc(count, size));
}

void faulty_free(void *bytes)
{
    if (bytes != NULL)
        blocks--;
    free(bytes);
}

bool faulty_thread(void *work(void *), void *argument)
{
    return !fails("thread") && thread_start(work, argument);
}

int faulty_pthread(pthread_t *thread, const pthread_attr_t *attributes,
                   void *work(void *), void *argument)
{
    return fails("thread") ? EAGAIN
                           : pthread_create(thread, attributes, work, argument);
}

__attribute__((destructor)) static void tell_blocks(void)
{
    if (blocks > 0)
        fprintf(stderr, "never freed: %d from malloc\n", blocks);
}
