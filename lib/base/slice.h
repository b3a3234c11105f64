#ifndef THAW_LIB_BASE_SLICE_H
#define THAW_LIB_BASE_SLICE_H

// slice.h - bytes that something else owns
//
//     POST /balances HTTP/1.1\r\n
//          ^^^^^^^^^             a slice: where it begins, and its length
//
// A slice is valid as long as the bytes that it points to. No NUL ends it, so
// print it with "%.*s".

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *bytes;
    size_t length; // in bytes
};

// A string literal as a slice, also in a static initializer.
#define SLICE(literal)                                                         \
    {                                                                          \
        (literal), sizeof(literal) - 1                                         \
    }

static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static inline bool slice_is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) &&
           memcmp(slice.bytes, text, strlen(text)) == 0;
}

// Most clients write names as we do: so compare the exact bytes first.
static inline bool slice_is_ignoring_case(struct slice slice, const char *text)
{
    return slice_is(slice, text) ||
           (slice.length == strlen(text) &&
            strncasecmp(slice.bytes, text, strlen(text)) == 0);
}

static inline bool slice_starts_with(struct slice slice, const char *prefix)
{
    return slice.length >= strlen(prefix) &&
           memcmp(slice.bytes, prefix, strlen(prefix)) == 0;
}

// The bytes after the first `count`.
static inline struct slice slice_after(struct slice slice, size_t count)
{
    return (struct slice){slice.bytes + count, slice.length - count};
}

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool is_letter(char byte)
{
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z';
}

// The value of a hexadecimal digit, in either case; -1 for any other byte.
static inline int hexadecimal_value(char byte)
{
    if (is_digit(byte))
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
