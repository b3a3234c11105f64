#ifndef THAW_STAGE2_ASYNC_LOOP_BACKEND_H
#define THAW_STAGE2_ASYNC_LOOP_BACKEND_H

// loop_backend.h - how a loop learns who is ready: what is behind loop.h
//
//     poll   asks the kernel about each descriptor, in each turn
//     epoll  tells the kernel what changed, and is told who is ready
//
// What a descriptor waits for stands in loop->polled in all cases, and while
// a turn lasts, so does what was found: `revents` is 0 for who is not ready, or
// not any more.

#include "stage2_async/loop.h"

struct loop_backend {
    const char *name; // for loop_use_backend

    // Make loop->waiting, and give it back. NULL, both: nothing to remember.
    // open returns -1 and errno, and then has made nothing.
    int (*open)(struct loop *loop);
    void (*close)(struct loop *loop);

    // `descriptor` waits for `events` from now on; LOOP_NOTHING: for nothing.
    // Called when that is something else than polled[descriptor] says, and
    // before it says so. Returns -1 and errno.
    int (*change)(struct loop *loop, int descriptor, short events);

    // Waits for so many milliseconds, -1: for ever. Returns -1 and errno, or
    // how many are ready at most.
    int (*wait)(struct loop *loop, int milliseconds);

    // One of them, and steps loop->at behind it. -1: that was all. Who was
    // ready and is forgotten meanwhile has revents 0.
    int (*next)(struct loop *loop);
};

extern const struct loop_backend loop_poll;
extern const struct loop_backend loop_epoll; // on Linux

#endif
