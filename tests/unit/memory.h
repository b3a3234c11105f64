#ifndef THAW_TESTS_UNIT_MEMORY_H
#define THAW_TESTS_UNIT_MEMORY_H

// memory.h - memory that runs out when a test says so
//
//     for (int count = 0; !it_worked; count++) {
//         memory_allow(count);
//         ...
//     }
//
// This loop goes through every allocation that can fail. Only jansson's memory
// is limited, which is all that the code under test allocates for JSON.

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>

static int allocations_left;

static inline void *allocate_if_allowed(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

// From now on the first `count` allocations succeed, and all others fail.
static inline void memory_allow(int count)
{
    json_set_alloc_funcs(allocate_if_allowed, free);
    allocations_left = count;
}

static inline void memory_allow_all(void)
{
    memory_allow(INT_MAX);
}

#endif
