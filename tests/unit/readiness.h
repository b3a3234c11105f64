#ifndef THAW_TESTS_UNIT_READINESS_H
#define THAW_TESTS_UNIT_READINESS_H

// readiness.h - the same tests for all ways to wait
//
// THAW_READINESS in the environment says which: poll, hot-poll or epoll.

#include "stage2_async/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline const char *wanted_readiness(void)
{
    const char *wanted = getenv("THAW_READINESS");
    return wanted != NULL ? wanted : "poll";
}

static inline bool waits_in_epoll(void)
{
    return strcmp(wanted_readiness(), "epoll") == 0;
}

static inline void init_loop(struct loop *loop)
{
    loop_init(loop);
    int failed = loop_use(loop, wanted_readiness());
    assert(failed == 0);
}

#endif
