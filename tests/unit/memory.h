#ifndef THAW_TESTS_UNIT_MEMORY_H
#define THAW_TESTS_UNIT_MEMORY_H

// memory.h - memory that runs out when a test says so
//
//     for (int count = 0; !it_worked; count++) {
//         memory_allow(count);
//         ...
//     }
//
// This goes through every place in which the code under test, and jansson on
// its behalf, can be told that there is none. Only jansson's memory is limited.

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>

static int allocations_left;

static inline void *allocate_if_allowed(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

// From now on the first `count` allocations work, and the later ones fail.
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
