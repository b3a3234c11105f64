#ifndef THAW_STAGE2_ASYNC_LOOP_BACKEND_H
#define THAW_STAGE2_ASYNC_LOOP_BACKEND_H

// loop_backend.h - how a loop learns which descriptors are ready
//
//     poll   hands all of loop->interest to the kernel, in each iteration
//     epoll  tells the kernel what changed; the kernel remembers the others

#include "stage2_async/loop.h"

struct loop_backend {
    const char *name; // for loop_use_backend

    // Returns a descriptor for loop->backend_descriptor, or -1 and sets errno.
    // NULL: the backend needs none.
    int (*open)(void);

    // From now on `descriptor` waits for `events`, until now for `before`; 0 is
    // nothing. Returns -1 and sets errno. NULL: loop->interest is enough.
    int (*change)(const struct loop *loop, int descriptor, short before,
                  short events);

    // Waits up to `milliseconds`; -1: without end. Fills at most loop->size
    // entries of loop->ready. Returns how many, or -1 and sets errno.
    int (*wait)(struct loop *loop, int milliseconds);
};

extern const struct loop_backend loop_poll;
extern const struct loop_backend loop_epoll; // on Linux

#endif
