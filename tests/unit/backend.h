#ifndef THAW_TESTS_UNIT_BACKEND_H
#define THAW_TESTS_UNIT_BACKEND_H

// backend.h - the same tests for each backend of the loop
//
// The environment variable THAW_BACKEND says which: poll or epoll.

#include "stage2_async/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline const char *wanted_backend(void)
{
    const char *wanted = getenv("THAW_BACKEND");
    return wanted != NULL ? wanted : "poll";
}

static inline bool is_epoll(void)
{
    return strcmp(wanted_backend(), "epoll") == 0;
}

static inline void init_loop(struct loop *loop)
{
    loop_init(loop);
    int failed = loop_use_backend(loop, wanted_backend());
    assert(failed == 0);
}

#endif
