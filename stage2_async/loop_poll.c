// poll(2): the kernel looks at the whole array in each iteration. That is fast
// while most descriptors are ready, and slow when a few of thousands are.

#include "stage2_async/loop_backend.h"

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    int found = poll(loop->interest, (nfds_t)loop->end, milliseconds);
    int count = 0;
    for (int i = 0; count < found; i++)
        if (loop->interest[i].revents != 0)
            loop->ready[count++] = loop->interest[i];
    return found;
}

const struct loop_backend loop_poll = {.name = "poll", .wait = wait_for_ready};
