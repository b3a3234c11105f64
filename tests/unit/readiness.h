#ifndef THAW_TESTS_UNIT_READINESS_H
#define THAW_TESTS_UNIT_READINESS_H

// readiness.h - the same tests for both ways to wait
//
// THAW_READINESS=epoll in the environment has them run in epoll(7).

#include "stage2_async/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline void init_loop(struct loop *loop)
{
    const char *readiness = getenv("THAW_READINESS");
    loop_init(loop);
    if (readiness != NULL && strcmp(readiness, "epoll") == 0) {
        int failed = loop_use_epoll(loop);
        assert(failed == 0);
    }
}

#endif
