// epoll(7), on Linux: the kernel remembers what each descriptor waits for, so
// an iteration costs as much as there are ready ones, however many are idle.

#include "stage2_async/loop_backend.h"

#include <sys/epoll.h>

enum { FOUND_MAX = 256 }; // in one iteration; the others come in the next

static int open_epoll(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

// The bits of epoll are those of poll. A descriptor that waits for nothing is
// taken out, because epoll would report its errors again and again.
static int change(const struct loop *loop, int descriptor, short before,
                  short events)
{
    struct epoll_event event = {.events = (unsigned short)events,
                                .data.fd = descriptor};
    int operation = events == 0   ? EPOLL_CTL_DEL
                    : before == 0 ? EPOLL_CTL_ADD
                                  : EPOLL_CTL_MOD;
    return epoll_ctl(loop->backend_descriptor, operation, descriptor, &event);
}

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    struct epoll_event found[FOUND_MAX];
    int max = loop->size < FOUND_MAX ? loop->size : FOUND_MAX;
    int count = epoll_wait(loop->backend_descriptor, found, max, milliseconds);
    for (int i = 0; i < count; i++)
        loop->ready[i] = (struct pollfd){.fd = found[i].data.fd,
                                         .revents = (short)found[i].events};
    return count;
}

const struct loop_backend loop_epoll = {.name = "epoll",
                                        .open = open_epoll,
                                        .change = change,
                                        .wait = wait_for_ready};
