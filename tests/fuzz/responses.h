#ifndef THAW_TESTS_FUZZ_RESPONSES_H
#define THAW_TESTS_FUZZ_RESPONSES_H

// responses.h - whether a client received what it had to
//
//     100 | 200, number 0, body | 200, number 1 (HEAD) | 400, the last
//
// "100 Continue" is no answer: it comes or not, as the client sends or waits.

#include "tests/fuzz/play.h"

// Whole answers, numbered from 0, and nothing behind the last one.
void check_responses(const struct play *play);

// The same answers as somebody else got, and the same end; or their beginning
// when the client left early.
void compare_responses(const struct play *play, const struct play *other);

#endif
