#include "beyond/lanes/siphash.h"
#include "lib/base/clock.h"

#include <fcntl.h>
#include <unistd.h>

enum { ROUNDS = 2, FINAL_ROUNDS = 4 }; // the 2-4 in its name
enum { WORD = 8 };                     // in bytes

struct siphash_key siphash_random_key(void)
{
    struct siphash_key key;
    int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (source < 0 || read(source, &key, sizeof key) != (ssize_t)sizeof key)
        key.halves[0] = key.halves[1] = (uint64_t)clock_nanoseconds();
    if (source >= 0)
        close(source);
    return key;
}

static uint64_t rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

// Up to eight bytes, the first of which is the lowest, on any machine.
static uint64_t word_of(const char *bytes, size_t length)
{
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++)
        word |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return word;
}

static void add_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v, ROUNDS);
    v[0] ^= word;
}

uint64_t siphash(const struct siphash_key *key, struct slice bytes)
{
    // The paper's constants: "somepseudorandomlygeneratedbytes".
    uint64_t v[4] = {key->halves[0] ^ 0x736f6d6570736575,
                     key->halves[1] ^ 0x646f72616e646f6d,
                     key->halves[0] ^ 0x6c7967656e657261,
                     key->halves[1] ^ 0x7465646279746573};
    uint64_t length = (uint64_t)bytes.length << 56;
    for (; bytes.length >= WORD; bytes = slice_after(bytes, WORD))
        add_word(v, word_of(bytes.bytes, WORD));
    add_word(v, length | word_of(bytes.bytes, bytes.length));
    v[2] ^= 0xff;
    mix(v, FINAL_ROUNDS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
