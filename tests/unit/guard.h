#ifndef THAW_TESTS_UNIT_GUARD_H
#define THAW_TESTS_UNIT_GUARD_H

// guard.h - memory that ends where reading must end
//
//     [ . . . . . . . . bytes | a page that nobody may touch ]
//
// * Whoever reads one byte too many gets a SIGSEGV, in the test that did it.
// * The bytes stand at another address whenever their number changes, so
//   nobody gets away with a pointer to where they stood before.

#include "lib/base/slice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *start;
    size_t size; // in bytes, in front of the forbidden page
    size_t page; // in bytes, the forbidden one
};

// Makes room for at least `size` bytes. It maps a temporary file, because
// POSIX.1-2008 has no MAP_ANONYMOUS.
static inline void guard_init(struct guard *guard, size_t size)
{
    guard->page = (size_t)sysconf(_SC_PAGESIZE);
    guard->size = (size + guard->page - 1) / guard->page * guard->page;
    FILE *file = tmpfile();
    assert(file != NULL);
    int failed = ftruncate(fileno(file), (off_t)(guard->size + guard->page));
    assert(failed == 0);
    guard->start = mmap(NULL, guard->size + guard->page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE, fileno(file), 0);
    assert(guard->start != MAP_FAILED);
    failed = mprotect(guard->start + guard->size, guard->page, PROT_NONE);
    assert(failed == 0);
    fclose(file);
}

static inline void guard_destroy(struct guard *guard)
{
    munmap(guard->start, guard->size + guard->page);
}

// Copies the bytes so that the last of them is the last that may be read.
static inline char *guard_place(struct guard *guard, struct slice bytes)
{
    assert(bytes.length <= guard->size);
    char *place = guard->start + guard->size - bytes.length;
    if (bytes.length > 0)
        memcpy(place, bytes.bytes, bytes.length);
    return place;
}

#endif
