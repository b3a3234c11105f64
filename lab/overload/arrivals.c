#include "lab/overload/arrivals.h"

#include <math.h>
#include <stdint.h>

// From 0 to 1, never 0 itself: xorshift64* (Marsaglia, "Xorshift RNGs", 2003;
// Vigna, "An experimental exploration of Marsaglia's xorshift generators",
// 2016).
static double next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t bits = (*state * UINT64_C(2685821657736338717)) >> 11;
    return ((double)bits + 1) / 9007199254740993.0; // 2 to the 53rd, and 1
}

// Of a Poisson process of which it is known how many arrivals it has in a time,
// the gaps are still exponential, and their sum is that time.
void arrivals_make(double *moments, int count, double seconds)
{
    uint64_t state = 20130817;
    double at = 0;
    for (int i = 0; i < count; i++) {
        at -= log(next_random(&state));
        moments[i] = at;
    }
    at -= log(next_random(&state)); // after the last one
    for (int i = 0; i < count; i++)
        moments[i] *= seconds / at;
}
