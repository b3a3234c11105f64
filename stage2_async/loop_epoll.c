// epoll(7), for Linux: the kernel remembers who waits for what, so to ask costs
// as much as there are ready ones, however many others are idle.

#include "stage2_async/loop_backend.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FOUND_MAX = 256 }; // in one turn; the others are found in the next

struct waiting {
    int epoll; // its descriptor
    struct epoll_event found[FOUND_MAX];
};

static int open_epoll(struct loop *loop)
{
    struct waiting *waiting = malloc(sizeof *waiting);
    if (waiting == NULL)
        return -1;
    waiting->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (waiting->epoll < 0) {
        free(waiting);
        return -1;
    }
    loop->waiting = waiting;
    return 0;
}

static void close_epoll(struct loop *loop)
{
    struct waiting *waiting = loop->waiting;
    close(waiting->epoll);
    free(waiting);
}

// The bits of epoll are those of poll. Not even errors are asked for when there
// is nothing to wait for, so that nobody is woken for them again and again.
static int change(struct loop *loop, int descriptor, short events)
{
    struct waiting *waiting = loop->waiting;
    struct epoll_event event = {.events = (unsigned short)events,
                                .data.fd = descriptor};
    int operation = EPOLL_CTL_MOD;
    if (loop->polled[descriptor].fd < 0)
        operation = EPOLL_CTL_ADD;
    if (events == LOOP_NOTHING)
        operation = EPOLL_CTL_DEL;
    return epoll_ctl(waiting->epoll, operation, descriptor, &event);
}

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    struct waiting *waiting = loop->waiting;
    const struct epoll_event *found = waiting->found;
    int count =
        epoll_wait(waiting->epoll, waiting->found, FOUND_MAX, milliseconds);
    for (int i = 0; i < count; i++)
        loop->polled[found[i].data.fd].revents = (short)found[i].events;
    return count;
}

static int next(struct loop *loop)
{
    const struct waiting *waiting = loop->waiting;
    return waiting->found[loop->at++].data.fd;
}

const struct loop_backend loop_epoll = {.name = "epoll",
                                        .open = open_epoll,
                                        .close = close_epoll,
                                        .change = change,
                                        .wait = wait_for_ready,
                                        .next = next};
