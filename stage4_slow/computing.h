#ifndef THAW_STAGE4_SLOW_COMPUTING_H
#define THAW_STAGE4_SLOW_COMPUTING_H

// computing.h - work that needs a processor, in place of a pause
//
// A piece of it is a fixed number of steps, and not a fixed time: two threads
// that share a processor, or two halves of a core (hyper-threads), then need
// longer, as they do for real work. A thread that looped until its CPU time is
// used up would not show the second.

#include <stdint.h>

// How many steps take a millisecond of this thread's CPU time. Measures it,
// which takes 20 ms.
int64_t computing_steps_per_ms(void);

// Any thread; nothing ends it early.
void computing_run(int64_t steps);

#endif
