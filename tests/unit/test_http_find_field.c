// test_http_find_field.c - a header field of a parsed request

#include "lib/http/http_find_field.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

#define KEY "Idempotency-Key"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

static const struct {
    const char *why;
    struct slice bytes;
    int count;
    const char *value; // of the first one
} rows[] = {
    {"there is none", SLICE(POST "\r\n"), 0, NULL},
    {"no field at all", SLICE("POST / HTTP/1.0\r\n\r\n"), 0, NULL},
    {"one", SLICE(POST KEY ": \"7\"\r\n\r\n"), 1, "\"7\""},
    {"the first of the fields",
     SLICE("POST / HTTP/1.1\r\n" KEY ": 7\r\nHost: a\r\n\r\n"), 1, "7"},
    {"in any case (9110, 5.1)", SLICE(POST "iDEMPOTENCY-kEY: 7\r\n\r\n"), 1,
     "7"},
    {"white space around a value is not part of it (9112, 5)",
     SLICE(POST KEY ":\t 7 8 \t\r\n\r\n"), 1, "7 8"},
    {"no white space", SLICE(POST KEY ":7\r\n\r\n"), 1, "7"},
    {"an empty value is a value", SLICE(POST KEY ":\r\n\r\n"), 1, ""},
    {"only the whole name counts",
     SLICE(POST KEY "s: 7\r\nX-" KEY ": 8\r\nIdempotency: 9\r\n\r\n"), 0, NULL},
    {"a name in a value does not count", SLICE(POST "A: " KEY ": 7\r\n\r\n"), 0,
     NULL},
    {"a name in the target does not count",
     SLICE("POST /" KEY ":7 HTTP/1.1\r\nHost: a\r\n\r\n"), 0, NULL},
    {"the first of two", SLICE(POST KEY ": 7\r\nA: b\r\n" KEY ": 8\r\n\r\n"), 2,
     "7"},
    {"two that are equal are two", SLICE(POST KEY ": 7\r\n" KEY ": 7\r\n\r\n"),
     2, "7"},
    {"empty lines before the request (9112, 2.2)",
     SLICE("\r\n\r\n" POST KEY ": 7\r\n\r\n"), 1, "7"},
    {"a target without a path of its own",
     SLICE("POST http://a HTTP/1.1\r\nHost: a\r\n" KEY ": 7\r\n\r\n"), 1, "7"},
    {"a body is not searched",
     SLICE(POST "Content-Length: 20\r\n\r\n" KEY ": 7\r\n"), 0, NULL},
    {"chunks are joined after the header section",
     SLICE(POST KEY ": 7\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n"),
     1, "7"},
    {"trailers are not searched (9110, 6.5.1)",
     SLICE(POST "Transfer-Encoding: chunked\r\n\r\n"
                "0\r\n" KEY ": 7\r\n\r\n"),
     0, NULL},
    {"the next request is not searched",
     SLICE(POST "\r\n" POST KEY ": 7\r\n\r\n"), 0, NULL},
};

// The bytes end before a page without access.
START_TEST(a_field_is_found_by_its_name)
{
    static const struct http_limits limits = {8192, 16384, 100, 1000, 1000};
    const struct slice untouched = SLICE("untouched");
    struct guard guard;
    struct http_request request;
    struct http_progress progress = {0};
    struct slice value = untouched;
    guard_init(&guard, rows[_i].bytes.length);
    char *bytes = guard_place(&guard, rows[_i].bytes);
    enum http_parse result = http_parse_request(bytes, rows[_i].bytes.length,
                                                &limits, &progress, &request);
    ck_assert_msg(result == HTTP_PARSE_DONE, "%s: %s", rows[_i].why,
                  request.detail);
    int count = http_find_field(&request, KEY, &value);
    ck_assert_msg(count == rows[_i].count, "%s: found %d, expected %d",
                  rows[_i].why, count, rows[_i].count);
    const char *expected = count > 0 ? rows[_i].value : untouched.bytes;
    ck_assert_msg(slice_is(value, expected), "%s: %.*s, expected %s",
                  rows[_i].why, (int)value.length, value.bytes, expected);
    guard_destroy(&guard);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_find_field");
    TCase *tests = tcase_create("http_find_field");
    unit_add_rows(tests, a_field_is_found_by_its_name, rows);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
