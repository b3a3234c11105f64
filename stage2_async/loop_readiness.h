#ifndef THAW_STAGE2_ASYNC_LOOP_READINESS_H
#define THAW_STAGE2_ASYNC_LOOP_READINESS_H

// loop_readiness.h - how a loop learns who is ready: what is behind loop.h
//
//     poll     asks the kernel about each descriptor, in each turn
//     epoll    tells the kernel what changed, and is told who is ready
//
// What a descriptor waits for stands in loop->polled in both cases, and while
// a turn lasts, so does what was found: `revents` is 0 for who is not ready, or
// not any more.

#include "stage2_async/loop.h"

struct loop_readiness {
    // `descriptor` waits for `events` from now on; LOOP_NOTHING: for nothing.
    // Called when that is something else than polled[descriptor] says, and
    // before it says so. Returns -1 and errno.
    int (*change)(struct loop *loop, int descriptor, short events);

    // Waits for so many milliseconds, -1: for ever. Returns -1 and errno, or
    // how many are ready.
    int (*wait)(struct loop *loop, int milliseconds);

    // One of them, and steps loop->at behind it. -1: that was all. Who was
    // ready and is forgotten meanwhile has revents 0.
    int (*next)(struct loop *loop);
};

extern const struct loop_readiness loop_poll;

// Ends what loop_use_epoll began, if it did.
void loop_close_epoll(struct loop *loop);

#endif
