#ifndef THAW_TESTS_UNIT_MUTATE_H
#define THAW_TESTS_UNIT_MUTATE_H

// mutate.h - small random changes to some bytes
//
// The same seed makes the same changes on every machine, unlike with rand().

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MUTATE_MAX = 32 }; // in bytes: no change adds more

// Marsaglia's xorshift. The state must not be 0, and never becomes 0.
static inline size_t random_below(uint32_t *state, size_t limit)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state % limit;
}

// A byte that has a meaning in HTTP or JSON, or sometimes any byte.
static inline char random_byte(uint32_t *state)
{
    static const char marks[] = "\r\n\0\t ::;,/?#*+-.01289aAfFxX\"{}\\\x7f\x80";
    if (random_below(state, 4) == 0)
        return (char)random_below(state, 256);
    return marks[random_below(state, sizeof marks - 1)];
}

// Opens a gap of `count` bytes before the byte at `at`.
static inline void open_gap(char *bytes, size_t length, size_t at, size_t count)
{
    memmove(bytes + at + count, bytes + at, length - at);
}

// Copies a piece from elsewhere to `at`: a field, a chunk.
static inline size_t repeat_a_piece(char *bytes, size_t length, size_t at,
                                    uint32_t *state)
{
    char piece[MUTATE_MAX];
    size_t from = random_below(state, length);
    size_t count = 1 + random_below(state, MUTATE_MAX);
    if (count > length - from)
        count = length - from;
    memcpy(piece, bytes + from, count);
    open_gap(bytes, length, at, count);
    memcpy(bytes + at, piece, count);
    return length + count;
}

// Late positions are more likely, because an early fault hides all later ones.
static inline size_t random_position(size_t length, uint32_t *state)
{
    size_t one = random_below(state, length);
    size_t other = random_below(state, length);
    return one > other ? one : other;
}

// Replaces, removes or inserts a byte, or repeats some. Returns the new length;
// `bytes` must have room for MUTATE_MAX more.
static inline size_t mutate(char *bytes, size_t length, uint32_t *state)
{
    if (length == 0)
        return 0;
    size_t at = random_position(length, state);
    switch (random_below(state, 4)) {
    case 0:
        bytes[at] = random_byte(state);
        return length;
    case 1:
        memmove(bytes + at, bytes + at + 1, length - at - 1);
        return length - 1;
    case 2:
        open_gap(bytes, length, at, 1);
        bytes[at] = random_byte(state);
        return length + 1;
    default:
        return repeat_a_piece(bytes, length, at, state);
    }
}

#endif
