#ifndef THAW_BEYOND_LANES_SIPHASH_H
#define THAW_BEYOND_LANES_SIPHASH_H

// siphash.h - SipHash-2-4: a hash that only its key predicts
//
//     16 random bytes + "alice"  -->  64 bits
//
// Without the key, the hash of a name looks random, however many hashes of
// other names are known (Aumasson and Bernstein, "SipHash: a fast short-input
// PRF", 2012, https://eprint.iacr.org/2012/351).

#include "lib/base/slice.h"

#include <stdint.h>

struct siphash_key {
    uint64_t halves[2];
};

// A new key from the system. Without /dev/urandom (a chroot may lack it) the
// time has to do.
struct siphash_key siphash_random_key(void);

uint64_t siphash(const struct siphash_key *key, struct slice bytes);

#endif
