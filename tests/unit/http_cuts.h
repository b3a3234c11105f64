#ifndef THAW_TESTS_UNIT_HTTP_CUTS_H
#define THAW_TESTS_UNIT_HTTP_CUTS_H

// http_cuts.h - the ways in which the bytes of a request may arrive
//
//     POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi
//     -------------------- one go ---------------------------->
//     -------- cut --------><------------ the rest ----------->
//     -><-><-><-><-><-><-><-> byte by byte <-><-><-><-><-><-><>
//
// * However they are cut, they are answered like the whole.
// * The first bytes alone get the same answer, or MORE: never another one.
// * All of it is parsed in front of a page that nobody may touch.

#include "lib/http/http_request.h"
#include "lib/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CUTS_MAX = 4096 }; // in bytes, the longest request

struct answer {
    enum http_parse result;
    struct http_request request;
};

// Around every test. Without cuts_use_limits they are the default ones.
void cuts_setup(void);
void cuts_teardown(void);
void cuts_use_limits(const struct http_limits *limits);

// Which request this is about: every failure begins with it.
void tell(const char *why);

// Ends the test: the story, what is wrong, and the bytes.
_Noreturn void fail_at(struct slice bytes, size_t given, const char *what);

// All bytes in one go. The slices of the answer stay until the next call.
struct answer parse_whole(struct slice bytes);

// The first `given` bytes, with that progress.
struct answer parse_on(struct slice bytes, size_t given,
                       struct http_progress *progress);

// The first `given` bytes, as if they were all.
struct answer parse_first(struct slice bytes, size_t given);

bool is_same_response(const struct answer *one, const struct answer *other);

// Tries every cut.
void check_cuts(struct slice bytes);

// Tries every cut of many requests that differ from this one in a few bytes.
void check_mutations(struct slice bytes, uint32_t seed);

#endif
