#ifndef THAW_TESTS_FUZZ_PIECES_H
#define THAW_TESTS_FUZZ_PIECES_H

// pieces.h - a request gets one outcome, however its bytes arrive
//
// tests/unit/http_cuts.h tries every cut. A fuzzer has no time for that: each
// input tries the one cut and the one step that it chose.

#include "tests/fuzz/fuzz.h"
#include "tests/unit/http_cuts.h"

#include <check.h>

// Gives `cut` bytes, and then all.
static inline void check_cut_at(struct slice bytes, size_t cut,
                                const struct outcome *whole)
{
    struct http_progress progress = {0};
    size_t given = cut % (bytes.length + 1);
    struct outcome outcome = parse_continued(bytes, given, &progress);
    if (outcome.result == HTTP_PARSE_MORE)
        outcome = parse_continued(bytes, bytes.length, &progress);
    if (!is_same_outcome(&outcome, whole))
        fail_at(bytes, given, "a cut changed the outcome");
}

// Gives `step` bytes more each time, as a slow client does. A request is taken
// as soon as its last byte is there.
static inline void check_steps(struct slice bytes, size_t step,
                               const struct outcome *whole)
{
    struct http_progress progress = {0};
    size_t given = 0;
    struct outcome outcome = parse_continued(bytes, given, &progress);
    while (outcome.result == HTTP_PARSE_MORE && given < bytes.length) {
        given = bytes.length - given > step ? given + step : bytes.length;
        outcome = parse_continued(bytes, given, &progress);
    }
    if (!is_same_outcome(&outcome, whole))
        fail_at(bytes, given, "in pieces the outcome is another");
    if (outcome.result == HTTP_PARSE_DONE &&
        given - outcome.request.length >= step)
        fail_at(bytes, given, "its last byte was there before");
}

// The slices of the outcome stay until the next call.
static inline struct outcome check_pieces(struct slice bytes,
                                          const struct choices *choices)
{
    struct outcome whole = parse_whole(bytes);
    check_cut_at(bytes, choices->cut, &whole);
    check_steps(bytes, choices->step, &whole);
    return whole;
}

#endif
