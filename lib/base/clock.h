#ifndef THAW_LIB_BASE_CLOCK_H
#define THAW_LIB_BASE_CLOCK_H

// clock.h - time since some fixed moment; it never goes back

#include <stdint.h>
#include <time.h>

static inline int64_t clock_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t clock_milliseconds(void)
{
    return clock_nanoseconds() / 1000000;
}

#endif
