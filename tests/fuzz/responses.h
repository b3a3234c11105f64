#ifndef THAW_TESTS_FUZZ_RESPONSES_H
#define THAW_TESTS_FUZZ_RESPONSES_H

// responses.h - whether a client received the right responses
//
//     100 | 200, number 0, body | 200, number 1 (HEAD) | 400, final
//
// "100 Continue" does not count: whether it comes depends on when the client
// sends its body.

#include "tests/fuzz/play.h"

// Whole responses, numbered from 0, and nothing after the final one.
void check_responses(const struct play *play);

// The same responses as the other client's, and the same end; or only the first
// of them when the client left early.
void compare_responses(const struct play *play, const struct play *other);

#endif
