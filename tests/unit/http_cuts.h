#ifndef THAW_TESTS_UNIT_HTTP_CUTS_H
#define THAW_TESTS_UNIT_HTTP_CUTS_H

// http_cuts.h - the ways in which the bytes of a request may arrive
//
//     POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi
//     --------------------- whole ---------------------------->
//     ----- the first ----><------------ the others ---------->
//     -><-><-><-><-><-><-><-> byte by byte <-><-><-><-><-><-><>
//
// * However the bytes are cut, the outcome is that of the whole.
// * The first bytes alone have the same outcome, or MORE: never another one.
// * Every call of the parser reads before a page without access (guard.h).

#include "lib/http/http_request.h"
#include "lib/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CUTS_MAX = 4096 }; // in bytes, the longest request

struct outcome {
    enum http_parse result;
    struct http_request request;
};

// For every test. Without cuts_use_limits, the default limits apply.
void cuts_setup(void);
void cuts_teardown(void);
void cuts_use_limits(const struct http_limits *limits);

// Sets the title of this request: every message of a failure starts with it.
void set_title(const char *why);

// Fails the test, with the title, what is wrong, and the bytes.
_Noreturn void fail_at(struct slice bytes, size_t given, const char *what);

// Parses all bytes at once. The slices of the outcome are valid until the next
// call.
struct outcome parse_whole(struct slice bytes);

// Parses the first `given` bytes, with that progress.
struct outcome parse_continued(struct slice bytes, size_t given,
                               struct http_progress *progress);

// Parses the first `given` bytes without earlier progress.
struct outcome parse_prefix(struct slice bytes, size_t given);

bool is_same_outcome(const struct outcome *one, const struct outcome *other);

// Tries every cut.
void check_cuts(struct slice bytes);

// Tries every cut of many requests that differ from this one in a few bytes.
void check_mutations(struct slice bytes, uint32_t seed);

#endif
