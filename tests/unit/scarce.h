#ifndef THAW_TESTS_UNIT_SCARCE_H
#define THAW_TESTS_UNIT_SCARCE_H

// scarce.h - memory and threads that run out when a test says so
//
//     bool failed = true;
//     for (int count = 0; failed; count++) {
//         scarce_memory(count);
//         ... the code under test ...
//         failed = scarce_end();
//     }
//
// * This loop fails every allocation of the code once, one after the other.
// * The linker's --wrap covers the whole program, Check too. So do not assert
//   before scarce_end.
// * jansson's allocations are covered, those inside the C library are not.

#include <stdbool.h>

// From now on the first `count` allocations succeed, and those after them fail.
void scarce_memory(int count);

// The same for pthread_create.
void scarce_threads(int count);

// Whether the last thread was created detached.
bool scarce_thread_is_detached(void);

// The next `count` calls of poll(2) with descriptors fail with ENOMEM.
void scarce_polls(int count);

// There is enough of everything again. Returns whether anything failed.
bool scarce_end(void);

#endif
