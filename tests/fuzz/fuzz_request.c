// fuzz_request.c - any bytes as a request
//
// * The result is the same in one go, cut in two, and in small steps: every
//   slice, length and fault.
// * The parser reads nothing after the last byte, changes only the bytes of the
//   request, and takes no more than it was given. (http_cuts.c parses in front
//   of a page without access; here ASan looks at a copy of the exact size.)
// * An accepted request points into its own bytes; a rejected one says why and
//   where, in words for people.
// * An accepted request that is written again, in the simplest form, and read
//   again is the same request.

#include "lib/base/buffer.h"
#include "tests/fuzz/pieces.h"

#include <stdlib.h>
#include <string.h>

// The second and the third limits are so small that short inputs reach them.
static const struct http_limits limits[] = {
    {8 * 1024, 16 * 1024, 100, 1024 * 1024, 8 * 1024},
    {24, 64, 3, 16, 8},
    {100, 80, 100, 0, 0},
};

static bool is_inside(struct slice part, struct slice whole)
{
    return part.bytes >= whole.bytes &&
           part.bytes + part.length <= whole.bytes + whole.length;
}

static void check_taken(const struct http_request *request, struct slice bytes)
{
    ck_assert_uint_gt(request->method.length, 0);
    ck_assert(is_inside(request->method, bytes));
    ck_assert(request->body.length == 0 || is_inside(request->body, bytes));
    // "http://a" has no path of its own.
    ck_assert(slice_is(request->path, "/") || is_inside(request->path, bytes));
    ck_assert(slice_is(request->path, "*") || request->path.bytes[0] == '/');
}

static void check_rejected(const struct http_request *request,
                           struct slice bytes)
{
    ck_assert_uint_lt(request->fault_offset, bytes.length);
    ck_assert_ptr_nonnull(request->detail);
    ck_assert_uint_lt(http_status_index(request->status), http_status_count);
    for (const char *at = request->detail; *at != '\0'; at++)
        ck_assert(*at >= ' ' && *at <= '~');
}

static bool is_same(struct slice one, struct slice other)
{
    return one.length == other.length &&
           (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

static void write_request(struct buffer *out,
                          const struct http_request *request)
{
    buffer_add(out, request->method);
    buffer_add_text(out, " ");
    buffer_add(out, request->path);
    buffer_add_format(out,
                      " HTTP/1.1\r\nHost: a\r\nConnection: %s\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      request->keep_alive ? "keep-alive" : "close",
                      request->body.length);
    buffer_add(out, request->body);
}

static void check_written_again(const struct http_request *request)
{
    struct buffer again = {0};
    struct http_progress progress = {0};
    struct http_request read;
    write_request(&again, request);
    ck_assert_int_eq(http_parse_request(again.bytes, again.length,
                                        &http_limits_default, &progress, &read),
                     HTTP_PARSE_DONE);
    ck_assert_uint_eq(read.length, again.length);
    ck_assert(is_same(read.method, request->method));
    ck_assert(is_same(read.path, request->path));
    ck_assert(is_same(read.body, request->body));
    ck_assert(read.keep_alive == request->keep_alive);
    buffer_destroy(&again);
}

// Parses where ASan sees it when a byte before or after the copy is read.
static void check_exact_copy(struct slice bytes,
                             const struct http_limits *in_use,
                             const struct outcome *whole)
{
    struct outcome outcome;
    struct http_progress progress = {0};
    char *copy = malloc(bytes.length > 0 ? bytes.length : 1);
    ck_assert_ptr_nonnull(copy);
    if (bytes.length > 0)
        memcpy(copy, bytes.bytes, bytes.length);
    outcome.result = http_parse_request(copy, bytes.length, in_use, &progress,
                                       &outcome.request);
    ck_assert(is_same_outcome(&outcome, whole));
    if (outcome.result == HTTP_PARSE_DONE) {
        check_taken(&outcome.request, (struct slice){copy, bytes.length});
        check_written_again(&outcome.request);
    }
    if (outcome.result == HTTP_PARSE_REJECTED)
        check_rejected(&outcome.request, bytes);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_set_up;
    struct slice bytes = {(const char *)data, size};
    struct choices choices = take_choices(&bytes);
    if (bytes.length > CUTS_MAX)
        return 0;
    if (!is_set_up)
        cuts_setup();
    is_set_up = true;
    set_title("a fuzzed request");
    const struct http_limits *in_use =
        &limits[choices.limits % (sizeof limits / sizeof limits[0])];
    cuts_use_limits(in_use);
    struct outcome whole = check_pieces(bytes, &choices);
    check_exact_copy(bytes, in_use, &whole);
    return 0;
}
