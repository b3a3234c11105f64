// test_http_body.c - bodies: where they end, and their bytes without the chunks

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/http_properties.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define SIZED POST "Content-Length: "
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

// A good body after a good header section. (7.1) is RFC 9112, section 7.1.
#define GOOD(why, bytes, body)                                                 \
    {                                                                          \
        why, SLICE(bytes), "POST", "/", body, true                             \
    }

static const struct good_request good[] = {
    // Content-Length (6.2)
    GOOD("a length of no bytes", SIZED "0\r\n\r\n", ""),
    GOOD("a length of one byte", SIZED "1\r\n\r\nx", "x"),
    GOOD("line ends in a body are ordinary bytes",
         SIZED "6\r\n\r\n\r\n\n\r\r\n", "\r\n\n\r\r\n"),
    GOOD("what looks like a chunk is data", SIZED "9\r\n\r\n4\r\nabcd\r\n",
         "4\r\nabcd\r\n"),

    // In chunks (7.1)
    GOOD("no chunk", CHUNKED "0\r\n\r\n", ""),
    GOOD("one chunk", CHUNKED "2\r\nhi\r\n0\r\n\r\n", "hi"),
    GOOD("three chunks are joined",
         CHUNKED "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"),
    GOOD("chunked, in any case (7)",
         POST "transfer-ENCODING: \tChunKed \r\n\r\n1\r\na\r\n0\r\n\r\n", "a"),
    GOOD("sizes are hexadecimal, in lower case",
         CHUNKED "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("sizes are hexadecimal, in upper case",
         CHUNKED "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
         "abcdefghijklmnopqrstuvwxyz"),
    GOOD("leading zeros, up to 64 bits",
         CHUNKED "0000000000000001\r\na\r\n0000000000000000\r\n\r\n", "a"),
    GOOD("line ends in a body are ordinary bytes",
         CHUNKED "5\r\n\r\n\n\r\r\r\n2\r\n\r\n\r\n0\r\n\r\n", "\r\n\n\r\r\r\n"),
    GOOD("what looks like the last chunk is data",
         CHUNKED "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    GOOD("what looks like a request is data",
         CHUNKED "12\r\nGET / HTTP/1.1\r\n\r\n\r\n0\r\n\r\n",
         "GET / HTTP/1.1\r\n\r\n"),

    // Chunk extensions are ignored (7.1.1)
    GOOD("an extension", CHUNKED "2;a\r\nhi\r\n0\r\n\r\n", "hi"),
    GOOD("extensions with values", CHUNKED "2;a=b;c=\"d;e\"\r\nhi\r\n0\r\n\r\n",
         "hi"),
    GOOD("an extension with white space around it",
         CHUNKED "2 \t; a = b\r\nhi\r\n0\r\n\r\n", "hi"),
    GOOD("hexadecimal digits in an extension",
         CHUNKED "2;ff\r\nhi\r\n0;1\r\n\r\n", "hi"),

    // Trailer fields are ignored (7.1.2)
    GOOD("a trailer", CHUNKED "2\r\nhi\r\n0\r\nA: b\r\n\r\n", "hi"),
    GOOD("two trailers, without a chunk", CHUNKED "0\r\nA: b\r\nC:\r\n\r\n",
         ""),
    GOOD("trailers do not change the request (9110, 6.5.1)",
         CHUNKED "2\r\nhi\r\n0\r\nContent-Length: 9\r\nHost: b\r\n"
                 "Connection: close\r\nExpect: x\r\n\r\n",
         "hi"),
};

#define BAD(why, bytes, status)                                                \
    {                                                                          \
        why, SLICE(bytes), status                                              \
    }

static const struct bad_request bad[] = {
    // chunk-size = 1*HEXDIG (7.1)
    BAD("no size", CHUNKED "\r\n", 400),
    BAD("no size, but an extension", CHUNKED ";a\r\n", 400),
    BAD("a letter that is not a digit", CHUNKED "g\r\n", 400),
    BAD("a sign in a size", CHUNKED "+2\r\n", 400),
    BAD("a negative size", CHUNKED "-2\r\n", 400),
    BAD("a size with the prefix 0x", CHUNKED "0x2\r\n", 400),
    BAD("a space before a size", CHUNKED " 2\r\n", 400),
    BAD("a space after a size", CHUNKED "2 \r\n", 400),
    BAD("two sizes", CHUNKED "2 2\r\n", 400),
    BAD("a comma after a size", CHUNKED "2,a\r\n", 400),
    BAD("a bare LF after a size", CHUNKED "2\n", 400),
    BAD("a bare CR after a size", CHUNKED "2\rhi", 400),
    BAD("NUL after a size", CHUNKED "2\0", 400),
    BAD("a control character in an extension", CHUNKED "2;\x01", 400),
    BAD("a bare LF in an extension", CHUNKED "2;a\nhi\r\n", 400),
    BAD("no size after a good chunk", CHUNKED "2\r\nhi\r\n\r\n", 400),

    // Sizes that overflow
    BAD("a size of 2^64 - 1", CHUNKED "ffffffffffffffff\r\n", 413),
    BAD("a size of 2^63, negative as a signed number",
        CHUNKED "8000000000000000\r\n", 413),
    BAD("a size of 2^32 + 2, which is 2 in 32 bits", CHUNKED "100000002\r\n",
        413),
    BAD("a size of 2^64 + 2, in 17 digits", CHUNKED "10000000000000002\r\n",
        400),
    BAD("a size of 17 digits, though the first is zero",
        CHUNKED "00000000000000002\r\n", 400),
    BAD("a sum of sizes beyond 64 bits",
        CHUNKED "2\r\nhi\r\nfffffffffffffffe\r\n", 413),
    BAD("a size of one byte more than the limit", CHUNKED "100001\r\n", 413),
    BAD("a sum of one byte more than the limit", CHUNKED "2\r\nhi\r\nfffff\r\n",
        413),

    // chunk-data CRLF
    BAD("data longer than its size", CHUNKED "2\r\nhi!", 400),
    BAD("data shorter than its size", CHUNKED "3\r\nhi\r\n0", 400),
    BAD("a bare LF after data", CHUNKED "2\r\nhi\n", 400),
    BAD("a bare CR after data", CHUNKED "2\r\nhi\r0", 400),
    BAD("nothing after data", CHUNKED "2\r\nhi0\r\n\r\n", 400),

    // A trailer has the syntax of a header field (7.1.2)
    BAD("data after the last chunk", CHUNKED "0\r\nhi\r\n", 400),
    BAD("a trailer with white space before the colon", CHUNKED "0\r\nA : b\r\n",
        400),
    BAD("a trailer without a name", CHUNKED "0\r\n: b\r\n", 400),
    BAD("a trailer with an obs-fold", CHUNKED "0\r\nA: b\r\n c\r\n", 400),
    BAD("white space before the first trailer", CHUNKED "0\r\n A: b\r\n", 400),
    BAD("a bare LF instead of the end", CHUNKED "0\r\n\n", 400),
    BAD("a bare CR instead of the end", CHUNKED "0\r\n\r\r", 400),
    BAD("NUL in a trailer", CHUNKED "0\r\nA: \0\r\n", 400),
};

static void check_body(const char *before, struct slice body, const char *after)
{
    struct buffer bytes = {0};
    buffer_add_text(&bytes, before);
    buffer_add(&bytes, body);
    buffer_add_text(&bytes, after);
    struct outcome outcome = parse_whole(buffer_slice(&bytes));
    ck_assert_int_eq(outcome.result, HTTP_PARSE_DONE);
    ck_assert_uint_eq(outcome.request.length, bytes.length);
    ck_assert_uint_eq(outcome.request.body.length, body.length);
    ck_assert_mem_eq(outcome.request.body.bytes, body.bytes, body.length);
    check_cuts(buffer_slice(&bytes));
    buffer_destroy(&bytes);
}

START_TEST(a_body_may_hold_every_byte)
{
    char bytes[256];
    for (int byte = 0; byte < 256; byte++)
        bytes[byte] = (char)byte;
    struct slice body = {bytes, sizeof bytes};
    check_body(SIZED "256\r\n\r\n", body, "");
    check_body(CHUNKED "100\r\n", body, "\r\n0\r\n\r\n");
}
END_TEST

static const struct {
    const char *chunks; // received so far
    size_t complete;    // of these bytes, in complete chunks
    size_t body_length;
    size_t extensions_length;
} steps[] = {
    {"", 0, 0, 0},
    {"2;a\r\nhi\r", 0, 0, 0},
    {"2;a\r\nhi\r\n", 9, 2, 2},
    {"2;a\r\nhi\r\n1 ;b\r\nx\r\n", 18, 3, 5},
    {"2;a\r\nhi\r\n1 ;b\r\nx\r\n0;c\r\nA: b", 18, 3, 5},
};

// A complete chunk is checked once: a body that arrives in a thousand pieces
// costs as much as one that arrives in one.
START_TEST(the_progress_ends_with_the_last_complete_chunk)
{
    char text[256];
    const size_t header_length = strlen(CHUNKED);
    struct http_progress progress = {0};
    for (size_t i = 0; i < COUNT(steps); i++) {
        snprintf(text, sizeof text, CHUNKED "%s", steps[i].chunks);
        struct slice bytes = slice_of(text);
        struct outcome outcome =
            parse_continued(bytes, bytes.length, &progress);
        ck_assert_int_eq(outcome.result, HTTP_PARSE_MORE);
        ck_assert_uint_eq(progress.header_length, header_length);
        ck_assert_uint_eq(progress.chunks_end,
                          header_length + steps[i].complete);
        ck_assert_uint_eq(progress.body_length, steps[i].body_length);
        ck_assert_uint_eq(progress.extensions_length,
                          steps[i].extensions_length);
    }
}
END_TEST

static Suite *http_body_suite(void)
{
    Suite *suite = suite_create("http_body");
    TCase *tcase = tcase_create("other bodies");
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_test(tcase, a_body_may_hold_every_byte);
    tcase_add_test(tcase, the_progress_ends_with_the_last_complete_chunk);
    suite_add_tcase(suite, tcase);
    add_good_requests(suite, good, COUNT(good));
    add_bad_requests(suite, bad, COUNT(bad));
    return suite;
}

int main(void)
{
    return unit_run(http_body_suite());
}
