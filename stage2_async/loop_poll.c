// poll(2): the whole array, in each turn. That is as fast as it gets while most
// are ready, and slow when a few of thousands are (see the README).

#include "stage2_async/loop_backend.h"

// The array is all that poll knows, and it is read anew in each turn.
static int change(struct loop *loop, int descriptor, short events)
{
    (void)loop, (void)descriptor, (void)events;
    return 0;
}

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    return poll(loop->polled, (nfds_t)loop->end, milliseconds);
}

static int next(struct loop *loop)
{
    while (loop->at < loop->end) {
        int descriptor = loop->at++;
        if (loop->polled[descriptor].revents != 0)
            return descriptor;
    }
    return -1;
}

const struct loop_backend loop_poll = {
    .name = "poll", .change = change, .wait = wait_for_ready, .next = next};
