// test_http_limits.c - what just fits is accepted, one byte more is rejected

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/http_properties.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <string.h>

// Small enough to count by eye.
static const struct http_limits small = {
    .line_max = 20,
    .header_max = 64,
    .fields_max = 3,
    .body_max = 8,
    .trailers_max = 6,
};

#define OLD_GET "GET / HTTP/1.0\r\n" // 16 bytes
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define SIZED POST "Content-Length: "
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

#define FITS(why, bytes, body)                                                 \
    {                                                                          \
        why, SLICE(bytes), "POST", "/", body, true                             \
    }

static const struct good_request fits[] = {
    {"a request line of 20 bytes", SLICE("GET /234567 HTTP/1.0\r\n\r\n"), "GET",
     "/234567", "", false},
    {"an empty line before it is not part of it",
     SLICE("\r\nGET /234567 HTTP/1.0\r\n\r\n"), "GET", "/234567", "", false},
    {"16 bytes of request line, 48 of fields",
     SLICE(OLD_GET "A: 4567890123456789012345678901234567890123456\r\n\r\n"),
     "GET", "/", "", false},
    {"the same after two empty lines",
     SLICE("\r\n\r\n" OLD_GET
           "A: 4567890123456789012345678901234567890123456\r\n\r\n"),
     "GET", "/", "", false},
    {"16 bytes of request line, 48 of three fields",
     SLICE(OLD_GET
           "A: 45678901234\r\nB: 45678901234\r\nC: 45678901234\r\n\r\n"),
     "GET", "/", "", false},
    {"three fields, whatever their names",
     SLICE(OLD_GET "A:\r\nA:\r\nHost: a\r\n\r\n"), "GET", "/", "", false},
    FITS("a body of 8 bytes", SIZED "8\r\n\r\n12345678", "12345678"),
    FITS("a body of 8 bytes in one chunk", CHUNKED "8\r\n12345678\r\n0\r\n\r\n",
         "12345678"),
    FITS("a body of 8 bytes in two chunks",
         CHUNKED "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n", "12345678"),
    FITS("6 bytes of extension", CHUNKED "2;23456\r\nhi\r\n0\r\n\r\n", "hi"),
    FITS("6 bytes of two extensions",
         CHUNKED "1;23\r\nh\r\n1;56\r\ni\r\n0\r\n\r\n", "hi"),
    FITS("6 bytes of extension to the last chunk",
         CHUNKED "2\r\nhi\r\n0;23456\r\n\r\n", "hi"),
    FITS("6 bytes of two trailers",
         CHUNKED "2\r\nhi\r\n0\r\nA:3\r\nB:6\r\n\r\n", "hi"),
    FITS("6 bytes of extensions and a trailer",
         CHUNKED "2;2\r\nhi\r\n0;4\r\nA:\r\n\r\n", "hi"),
    FITS("2 * 8 + 6 bytes of chunks before the last",
         CHUNKED "1\r\n1\r\n1\r\n2\r\n5\r\n34567\r\n0\r\n\r\n", "1234567"),
};

// Each ends with the first byte beyond the limit, or with its line if the line
// must be complete.
static const struct bad_request exceeds[] = {
    {"a request line of 21 bytes", SLICE("GET /2345678901234567"), 414},
    {"a request line of 21 bytes, its end in sight",
     SLICE("GET /2345678 HTTP/1.0"), 414},
    {"65 bytes of request line and fields",
     SLICE(OLD_GET "A: 45678901234567890123456789012345678901234567"), 431},
    {"a byte after 64 bytes of request line and fields",
     SLICE(OLD_GET "A: 45678901234\r\nB: 45678901234\r\nC: 45678901234\r\nD"),
     431},
    {"a fourth field", SLICE(OLD_GET "A:\r\nB:\r\nC:\r\nD:\r\n"), 431},
    {"a body of 9 bytes, before the first of them", SLICE(SIZED "9\r\n\r\n"),
     413},
    {"a chunk of 9 bytes, before the first of them", SLICE(CHUNKED "9\r\n"),
     413},
    {"a ninth byte, in a second chunk", SLICE(CHUNKED "8\r\n12345678\r\n1\r\n"),
     413},
    {"7 bytes of extension", SLICE(CHUNKED "2;234567\r\n"), 400},
    {"an extension without an end", SLICE(CHUNKED "2;234567890123456789012"),
     400},
    {"7 bytes of two extensions", SLICE(CHUNKED "1;23\r\nh\r\n1;567\r\n"), 400},
    {"7 bytes of extension to the last chunk", SLICE(CHUNKED "0;234567\r\n"),
     400},
    {"7 bytes of one trailer", SLICE(CHUNKED "0\r\nA: 4567"), 400},
    {"7 bytes of two trailers", SLICE(CHUNKED "0\r\nA:3\r\nB:67"), 400},
    {"7 bytes of an extension and a trailer", SLICE(CHUNKED "0;234\r\nA:7"),
     400},
    {"2 * 8 + 7 bytes of chunks, though 8 of data",
     SLICE(CHUNKED "1\r\n1\r\n2\r\n23\r\n5\r\n45678\r\n"), 413},
};

START_TEST(limits_of_zero_allow_an_empty_body)
{
    static const struct http_limits zero = {
        .line_max = 20, .header_max = 64, .fields_max = 3};
    const struct slice empty = SLICE(CHUNKED "0\r\n\r\n");
    const struct slice byte = SLICE(CHUNKED "1\r\n");
    const struct slice extension = SLICE(CHUNKED "0;\r\n");
    const struct slice trailer = SLICE(CHUNKED "0\r\nA");
    cuts_use_limits(&zero);
    ck_assert_int_eq(parse_whole(empty).result, HTTP_PARSE_DONE);
    ck_assert_int_eq(parse_whole(byte).request.status, 413);
    ck_assert_int_eq(parse_whole(extension).request.status, 400);
    ck_assert_int_eq(parse_whole(trailer).request.status, 400);
}
END_TEST

// Also if --header-max-bytes is below --line-max-bytes.
START_TEST(the_header_limit_includes_the_request_line)
{
    static const struct http_limits limits = {.line_max = 64, .header_max = 32};
    const struct slice fits_in =
        SLICE("GET /2345678901234567 HTTP/1.0\r\n\r\n");
    const struct slice exceeds_it =
        SLICE("GET /23456789012345678 HTTP/1.0\r\n\r\n");
    cuts_use_limits(&limits);
    ck_assert_int_eq(parse_whole(fits_in).result, HTTP_PARSE_DONE);
    ck_assert_int_eq(parse_whole(exceeds_it).result, HTTP_PARSE_REJECTED);
    ck_assert_int_eq(parse_whole(exceeds_it).request.status, 431);
}
END_TEST

enum { KIB = 1024, MIB = 1024 * 1024 };

static const struct {
    const char *why;
    const char *before;
    const char *piece;
    int count; // of pieces, so many just fit
    const char *after;
    enum http_status status; // with one piece more
} defaults[] = {
    {"8 KiB of request line", "GET /", "a", 8 * KIB - 14, " HTTP/1.0\r\n\r\n",
     414},
    {"16 KiB of request line and fields", OLD_GET "A: ", "a", 16 * KIB - 21,
     "\r\n\r\n", 431},
    {"100 fields", OLD_GET, "A:\r\n", 100, "\r\n", 431},
    {"1 MiB of body, in chunks of 16 bytes", CHUNKED,
     "10\r\n0123456789abcdef\r\n", MIB / 16, "0\r\n\r\n", 413},
    {"2 MiB and 8 KiB of chunks, of one byte each", CHUNKED, "1\r\na\r\n",
     (2 * MIB + 8 * KIB) / 6, "0\r\n\r\n", 413},
    {"8 KiB of extensions", CHUNKED "0;", "a", 8 * KIB - 1, "\r\n\r\n", 400},
    {"8 KiB of trailers", CHUNKED "0\r\n", "A:\r\n", 4 * KIB, "\r\n", 400},
};

// 0: the request is accepted.
static enum http_status status_of(int row, int count)
{
    struct buffer bytes = {0};
    struct http_progress progress = {0};
    struct http_request request;
    buffer_add_text(&bytes, defaults[row].before);
    for (int i = 0; i < count; i++)
        buffer_add_text(&bytes, defaults[row].piece);
    buffer_add_text(&bytes, defaults[row].after);
    enum http_parse result = http_parse_request(
        bytes.bytes, bytes.length, &http_limits_default, &progress, &request);
    ck_assert_msg(result != HTTP_PARSE_MORE, "%s", defaults[row].why);
    buffer_destroy(&bytes);
    return request.status;
}

START_TEST(a_default_limit_can_be_reached_but_not_exceeded)
{
    const int count = defaults[_i].count;
    int fitting = (int)status_of(_i, count);
    int exceeding = (int)status_of(_i, count + 1);
    ck_assert_msg(fitting == 0, "%s: %d", defaults[_i].why, fitting);
    ck_assert_msg(exceeding == (int)defaults[_i].status, "more than %s: %d",
                  defaults[_i].why, exceeding);
}
END_TEST

static Suite *http_limits_suite(void)
{
    Suite *suite = suite_create("http_limits");
    TCase *tcase = tcase_create("other limits");
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_test(tcase, limits_of_zero_allow_an_empty_body);
    tcase_add_test(tcase, the_header_limit_includes_the_request_line);
    tcase_add_loop_test(tcase, a_default_limit_can_be_reached_but_not_exceeded,
                        0, COUNT(defaults));
    suite_add_tcase(suite, tcase);
    cuts_use_limits(&small);
    add_good_requests(suite, fits, COUNT(fits));
    add_bad_requests(suite, exceeds, COUNT(exceeds));
    return suite;
}

int main(void)
{
    return unit_run(http_limits_suite());
}
