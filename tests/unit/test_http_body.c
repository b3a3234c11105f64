// Bodies: where they end, and what is left of them without their chunks.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/http_properties.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
#define SIZED HEAD "Content-Length: "
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

// A good body behind a good head. (7.1) is RFC 9112, section 7.1.
#define GOOD(why, bytes, body)                                                 \
    {                                                                          \
        why, SLICE(bytes), "POST", "/", body, true                             \
    }

static const struct good_request good[] = {
    // As long as it says (6.2)
    GOOD("a length of no bytes", SIZED "0\r\n\r\n", ""),
    GOOD("a length of one byte", SIZED "1\r\n\r\nx", "x"),
    GOOD("line ends are bytes like others", SIZED "6\r\n\r\n\r\n\n\r\r\n",
         "\r\n\n\r\r\n"),
    GOOD("what looks like a chunk is none", SIZED "9\r\n\r\n4\r\nabcd\r\n",
         "4\r\nabcd\r\n"),

    // In chunks (7.1)
    GOOD("no chunk", CHUNKED "0\r\n\r\n", ""),
    GOOD("one chunk", CHUNKED "2\r\nhi\r\n0\r\n\r\n", "hi"),
    GOOD("three are joined",
         CHUNKED "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"),
    GOOD("chunked, in any case (7)",
         HEAD "transfer-ENCODING: \tChunKed \r\n\r\n1\r\na\r\n0\r\n\r\n", "a"),
    GOOD("sizes are hexadecimal, in lower case",
         CHUNKED "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
    GOOD("sizes are hexadecimal, in upper case",
         CHUNKED "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
         "abcdefghijklmnopqrstuvwxyz"),
    GOOD("zeros in front, as many as fill 64 bits",
         CHUNKED "0000000000000001\r\na\r\n0000000000000000\r\n\r\n", "a"),
    GOOD("line ends are bytes like others",
         CHUNKED "5\r\n\r\n\n\r\r\r\n2\r\n\r\n\r\n0\r\n\r\n", "\r\n\n\r\r\r\n"),
    GOOD("what looks like the last chunk is none",
         CHUNKED "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    GOOD("what looks like a request is none",
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
    GOOD("two trailers, behind no chunk", CHUNKED "0\r\nA: b\r\nC:\r\n\r\n",
         ""),
    GOOD("trailers change nothing any more (9110, 6.5.1)",
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
    BAD("a size that is no digit", CHUNKED "g\r\n", 400),
    BAD("a sign in a size", CHUNKED "+2\r\n", 400),
    BAD("a size below zero", CHUNKED "-2\r\n", 400),
    BAD("a prefix of a size", CHUNKED "0x2\r\n", 400),
    BAD("a space in front of a size", CHUNKED " 2\r\n", 400),
    BAD("a space behind a size", CHUNKED "2 \r\n", 400),
    BAD("two sizes", CHUNKED "2 2\r\n", 400),
    BAD("a comma behind a size", CHUNKED "2,a\r\n", 400),
    BAD("a bare LF behind a size", CHUNKED "2\n", 400),
    BAD("a bare CR behind a size", CHUNKED "2\rhi", 400),
    BAD("NUL behind a size", CHUNKED "2\0", 400),
    BAD("a control character in an extension", CHUNKED "2;\x01", 400),
    BAD("a bare LF in an extension", CHUNKED "2;a\nhi\r\n", 400),
    BAD("no size behind a good chunk", CHUNKED "2\r\nhi\r\n\r\n", 400),

    // Sizes that overflow
    BAD("a size of 2^64 - 1", CHUNKED "ffffffffffffffff\r\n", 413),
    BAD("a size of 2^63, below zero to whoever has a sign",
        CHUNKED "8000000000000000\r\n", 413),
    BAD("a size of 2^32 + 2, which is 2 to whoever has 32 bits",
        CHUNKED "100000002\r\n", 413),
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
    BAD("a bare LF behind data", CHUNKED "2\r\nhi\n", 400),
    BAD("a bare CR behind data", CHUNKED "2\r\nhi\r0", 400),
    BAD("nothing behind data", CHUNKED "2\r\nhi0\r\n\r\n", 400),

    // What a field may not be, a trailer may not be (7.1.2)
    BAD("data behind the last chunk", CHUNKED "0\r\nhi\r\n", 400),
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
    struct answer answer = parse_whole(buffer_slice(&bytes));
    ck_assert_int_eq(answer.result, HTTP_PARSE_DONE);
    ck_assert_uint_eq(answer.request.length, bytes.length);
    ck_assert_uint_eq(answer.request.body.length, body.length);
    ck_assert_mem_eq(answer.request.body.bytes, body.bytes, body.length);
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
    size_t complete;    // of these bytes, whole chunks
    size_t body_length;
    size_t extras;
} steps[] = {
    {"", 0, 0, 0},
    {"2;a\r\nhi\r", 0, 0, 0},
    {"2;a\r\nhi\r\n", 9, 2, 2},
    {"2;a\r\nhi\r\n1 ;b\r\nx\r\n", 18, 3, 5},
    {"2;a\r\nhi\r\n1 ;b\r\nx\r\n0;c\r\nA: b", 18, 3, 5},
};

// What was checked once is not checked again: a body that comes in a thousand
// pieces costs as much as one that comes in one.
START_TEST(the_progress_stands_behind_the_last_whole_chunk)
{
    char text[256];
    const size_t header_length = strlen(CHUNKED);
    struct http_progress progress = {0};
    for (size_t i = 0; i < COUNT(steps); i++) {
        snprintf(text, sizeof text, CHUNKED "%s", steps[i].chunks);
        struct slice bytes = slice_of(text);
        struct answer answer = parse_on(bytes, bytes.length, &progress);
        ck_assert_int_eq(answer.result, HTTP_PARSE_MORE);
        ck_assert_uint_eq(progress.header_length, header_length);
        ck_assert_uint_eq(progress.chunks_end,
                          header_length + steps[i].complete);
        ck_assert_uint_eq(progress.body_length, steps[i].body_length);
        ck_assert_uint_eq(progress.extras, steps[i].extras);
    }
}
END_TEST

static Suite *http_body_suite(void)
{
    Suite *suite = suite_create("http_body");
    TCase *tcase = tcase_create("one by one");
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_test(tcase, a_body_may_hold_every_byte);
    tcase_add_test(tcase, the_progress_stands_behind_the_last_whole_chunk);
    suite_add_tcase(suite, tcase);
    add_good_requests(suite, good, COUNT(good));
    add_bad_requests(suite, bad, COUNT(bad));
    return suite;
}

int main(void)
{
    return unit_run(http_body_suite());
}
