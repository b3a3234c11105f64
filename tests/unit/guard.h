#ifndef THAW_TESTS_UNIT_GUARD_H
#define THAW_TESTS_UNIT_GUARD_H

// guard.h - memory that ends with its last byte
//
//     [ . . . . . . . . bytes | a page without access ]
//
// * Code that reads one byte too many gets a SIGSEGV, in the test itself.
// * The bytes have another address whenever their number changes, so a pointer
//   that was kept from an earlier call is seen, too.

#include "lib/base/slice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *start;
    size_t size; // in bytes, before the page without access
    size_t page; // in bytes, the page without access
};

// Allocates at least `size` bytes, from a temporary file: POSIX.1-2008 has no
// MAP_ANONYMOUS.
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

// Copies the bytes to the end of the memory, and returns their address.
static inline char *guard_place(struct guard *guard, struct slice bytes)
{
    assert(bytes.length <= guard->size);
    char *copy = guard->start + guard->size - bytes.length;
    if (bytes.length > 0)
        memcpy(copy, bytes.bytes, bytes.length);
    return copy;
}

#endif
