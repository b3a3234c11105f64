#ifndef THAW_TESTS_UNIT_FAULTY_MEMORY_H
#define THAW_TESTS_UNIT_FAULTY_MEMORY_H

// faulty_memory.h - SQLite gets no memory when a test says so
//
// Like scarce.h, which does it to our own code: fail the first allocation, then
// the second, and so on, until none fails any more.

#include <stdbool.h>

// Before the first call of SQLite in this process.
void faulty_memory_install(void);

// The first `count` allocations from now on succeed, and the next one fails.
void faulty_memory_fail(int count);

// Nothing fails any more. Returns whether one has failed.
bool faulty_memory_end(void);

int faulty_memory_faults(void); // since the start

#endif
