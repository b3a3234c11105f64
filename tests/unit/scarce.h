#ifndef THAW_TESTS_UNIT_SCARCE_H
#define THAW_TESTS_UNIT_SCARCE_H

// scarce.h - memory and threads that run out when a test says so
//
//     bool refused = true;
//     for (int count = 0; refused; count++) {
//         scarce_memory(count);
//         ... the code under test ...
//         refused = scarce_end();
//     }
//
// * This goes through every place in which the code can be told that there is
//   none, until it gets all that it wants.
// * The linker sends us the calls of the whole program (--wrap), Check's too.
//   So assert before and afterwards, and not in between.
// * jansson's memory is limited with ours. The C library's own is not.

#include <stdbool.h>

// From now on the first `count` allocations work, and the later ones fail.
void scarce_memory(int count);

// The same for pthread_create.
void scarce_threads(int count);

// Whether the last thread was created as one that nobody joins.
bool scarce_thread_is_detached(void);

// The next `count` calls of poll(2) that look at something find no memory.
void scarce_polls(int count);

// How often poll(2) was called so far, and about how many descriptors together.
long scarce_poll_calls(void);
long scarce_polled(void);

// There is enough of everything again. Returns whether anything was refused.
bool scarce_end(void);

#endif
