#include "tests/unit/faulty_memory.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

enum { NEVER = -1 };

static sqlite3_mem_methods real;
static atomic_int left = NEVER; // until the one that fails; any thread
static atomic_int faults;
static int faults_before;

static bool fails(void)
{
    int now = atomic_load(&left);
    while (now != NEVER && !atomic_compare_exchange_weak(
                               &left, &now, now > 0 ? now - 1 : NEVER))
        ;
    if (now == 0)
        atomic_fetch_add(&faults, 1);
    return now == 0;
}

static void *allocate(int size)
{
    return fails() ? NULL : real.xMalloc(size);
}

static void *reallocate(void *bytes, int size)
{
    return fails() ? NULL : real.xRealloc(bytes, size);
}

void faulty_memory_install(void)
{
    sqlite3_mem_methods faulty;
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    faulty = real;
    faulty.xMalloc = allocate;
    faulty.xRealloc = reallocate;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty);
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); // no memory of its own
}

void faulty_memory_fail(int count)
{
    faults_before = atomic_load(&faults);
    atomic_store(&left, count);
}

bool faulty_memory_end(void)
{
    atomic_store(&left, NEVER);
    return atomic_load(&faults) > faults_before;
}

int faulty_memory_faults(void)
{
    return atomic_load(&faults);
}
