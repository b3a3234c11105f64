// epoll(7), for Linux: the kernel remembers who waits for what, so to ask costs
// as much as there are ready ones, however many others are idle.

#include "stage2_async/loop_readiness.h"

#include <errno.h>

#ifdef THAW_HAS_EPOLL
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FOUND_MAX = 256 }; // in one turn; the others are found in the next

// The bits of epoll are those of poll. Not even errors are asked for when there
// is nothing to wait for, so that nobody is woken for them again and again.
static int change(struct loop *loop, int descriptor, short events)
{
    struct epoll_event event = {.events = (unsigned short)events,
                                .data.fd = descriptor};
    int operation = EPOLL_CTL_MOD;
    if (loop->polled[descriptor].fd < 0)
        operation = EPOLL_CTL_ADD;
    if (events == LOOP_NOTHING)
        operation = EPOLL_CTL_DEL;
    return epoll_ctl(loop->epoll, operation, descriptor, &event);
}

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    int count = epoll_wait(loop->epoll, loop->found, FOUND_MAX, milliseconds);
    for (int i = 0; i < count; i++)
        loop->polled[loop->found[i].data.fd].revents =
            (short)loop->found[i].events;
    return count;
}

static int next(struct loop *loop)
{
    return loop->found[loop->at++].data.fd;
}

int loop_use_epoll(struct loop *loop)
{
    static const struct loop_readiness epoll = {change, wait_for_ready, next};
    loop->found = calloc(FOUND_MAX, sizeof *loop->found);
    if (loop->found == NULL)
        return -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return -1;
    loop->readiness = &epoll;
    return 0;
}

void loop_close_epoll(struct loop *loop)
{
    if (loop->epoll >= 0)
        close(loop->epoll);
    free(loop->found);
}

#else

int loop_use_epoll(struct loop *loop)
{
    (void)loop;
    errno = ENOSYS;
    return -1;
}

void loop_close_epoll(struct loop *loop)
{
    (void)loop;
}

#endif
