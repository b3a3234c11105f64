#ifndef THAW_LAB_RANDOM_H
#define THAW_LAB_RANDOM_H

// random.h - random numbers, the same again for the same seed

#include <stdint.h>

// From 0 to 1, never 0 itself. The seed is any number but 0; the state begins
// with it.
double random_part(uint64_t *state);

#endif
