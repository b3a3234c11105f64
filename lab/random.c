#include "lab/random.h"

// xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift
// generators, scrambled", 2016). A double has room for 53 bits.
double random_part(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    uint64_t bits = (*state * UINT64_C(2685821657736338717)) >> 11;
    return (double)(bits + 1) / 9007199254740992.0; // 2 to the 53rd
}
