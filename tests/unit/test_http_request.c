// test_http_request.c - header sections that the parser must accept

#include "lib/http/http_request.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/http_properties.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <string.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define EIGHT_LINES "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"

// (9110, 5.1) is RFC 9110, section 5.1.
static const struct good_request rows[] = {
    // The request line
    {"the smallest one", SLICE(GET "\r\n"), "GET", "/", "", true},
    {"one empty line before it (9112, 2.2)", SLICE("\r\n" GET "\r\n"), "GET",
     "/", "", true},
    {"eight empty lines before it: our limit", SLICE(EIGHT_LINES GET "\r\n"),
     "GET", "/", "", true},
    {"an empty line before a chunked body's request",
     SLICE("\r\n" POST "Transfer-Encoding: chunked\r\n\r\n"
           "2\r\nhi\r\n0\r\n\r\n"),
     "POST", "/", "hi", true},
    {"a method is any token (9110, 9.1)",
     SLICE("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n"), "M-SEARCH", "/", "",
     true},
    {"a method in lower case is another one (9110, 9.1)",
     SLICE("get / HTTP/1.1\r\nHost: a\r\n\r\n"), "get", "/", "", true},
    {"the query is not part of the path (9112, 3.2.1)",
     SLICE("GET /balances?user=alice?b HTTP/1.1\r\nHost: a\r\n\r\n"), "GET",
     "/balances", "", true},
    {"the path is unchanged: dots, slashes, %2F",
     SLICE("GET //a/../%2F HTTP/1.1\r\nHost: a\r\n\r\n"), "GET", "//a/../%2F",
     "", true},
    {"absolute-form must be accepted (9112, 3.2.2)",
     SLICE("GET http://a:80/health?x HTTP/1.1\r\nHost: a\r\n\r\n"), "GET",
     "/health", "", true},
    {"a scheme in any case (9110, 4.2.3)",
     SLICE("GET HTTP://a/health HTTP/1.1\r\nHost: a\r\n\r\n"), "GET", "/health",
     "", true},
    {"absolute-form without a path means / (9110, 4.2.3)",
     SLICE("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n"), "GET", "/", "", true},
    {"absolute-form with a query alone, too",
     SLICE("GET http://a?x=/y HTTP/1.1\r\nHost: a\r\n\r\n"), "GET", "/", "",
     true},
    {"asterisk-form is for OPTIONS (9112, 3.2.4)",
     SLICE("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS", "*", "", true},

    // The fields
    {"names may have any case (9110, 5.1)",
     SLICE("POST / HTTP/1.1\r\nhOsT: a\r\ncontent-LENGTH: 2\r\n\r\nhi"), "POST",
     "/", "hi", true},
    {"no white space around a value",
     SLICE("POST / HTTP/1.1\r\nHost:a\r\nContent-Length:2\r\n\r\nhi"), "POST",
     "/", "hi", true},
    {"white space around a value is not part of it (9112, 5)",
     SLICE(POST "Content-Length: \t 2 \t\r\n\r\nhi"), "POST", "/", "hi", true},
    {"a name is any token (9110, 5.6.2)",
     SLICE(GET "!#$%&'*+-.^_`|~09: x\r\n\r\n"), "GET", "/", "", true},
    {"a value may be empty, or hold tabs and UTF-8 (9110, 5.5)",
     SLICE(GET "A:\r\nB: \t\r\nC: a\tb: \xc3\xa9\xff\r\n\r\n"), "GET", "/", "",
     true},
    {"only the whole name counts",
     SLICE(GET "Content-Length2: 7\r\nX-Content-Length: 8\r\n\r\n"), "GET", "/",
     "", true},
    {"a name that is only similar does not count",
     SLICE(GET "Cookie: close\r\nProxy-Connection: close\r\n\r\n"), "GET", "/",
     "", true},
    {"Host may be empty (9112, 3.2)", SLICE("GET / HTTP/1.1\r\nHost:\r\n\r\n"),
     "GET", "/", "", true},
    {"Host may be an IPv6 address with a port (3986, 3.2.2)",
     SLICE("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), "GET", "/", "", true},

    // Whether another request may follow
    {"HTTP/1.0 needs no Host, and closes (9112, 9.3)",
     SLICE("GET / HTTP/1.0\r\n\r\n"), "GET", "/", "", false},
    {"HTTP/1.0 can ask for keep-alive (9112, C.2.2)",
     SLICE("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), "GET", "/", "",
     true},
    {"a later HTTP/1 is read as 1.1 (9110, 2.5)",
     SLICE("GET / HTTP/1.9\r\nHost: a\r\n\r\n"), "GET", "/", "", true},
    {"HTTP/1.1 can ask to close (9112, 9.6)",
     SLICE(GET "Connection: close\r\n\r\n"), "GET", "/", "", false},
    {"close in any case, among other options (9110, 7.6.1)",
     SLICE(GET "Connection: x,\tCLOSE ,y\r\n\r\n"), "GET", "/", "", false},
    {"close in the last of three fields (9110, 5.2)",
     SLICE(GET "Connection:\r\nConnection: x\r\nConnection: close\r\n\r\n"),
     "GET", "/", "", false},
    {"close wins over keep-alive (9112, 9.3)",
     SLICE(GET "Connection: close, keep-alive\r\n\r\n"), "GET", "/", "", false},
    {"close wins also in HTTP/1.0",
     SLICE("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"), "GET",
     "/", "", false},
    {"only the whole option counts",
     SLICE(GET "Connection: closed, un-close\r\n\r\n"), "GET", "/", "", true},

    // The length of the body
    {"a body belongs to its request, also after GET (9110, 9.3.1)",
     SLICE(GET "Content-Length: 2\r\n\r\nhi"), "GET", "/", "hi", true},
    {"without a length there is no body (9112, 6.3)", SLICE(POST "\r\n"),
     "POST", "/", "", true},
    {"equal lengths agree (9112, 6.3)",
     SLICE(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"), "POST",
     "/", "hi", true},
    {"Content-Length = 1*DIGIT: leading zeros are digits",
     SLICE(POST "Content-Length: 0000000000000000000000002\r\n\r\nhi"), "POST",
     "/", "hi", true},
    {"the bytes of a body do not matter: this is one request",
     SLICE(POST "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"), "POST",
     "/", "GET / HTTP/1.1\r\n\r\n", true},
    {"a client that expects a 100 may send the body at once (9110, 10.1.1)",
     SLICE(POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi"), "POST",
     "/", "hi", true},
    {"an expectation in HTTP/1.0 is ignored (9110, 10.1.1)",
     SLICE("POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 2\r\n\r\nhi"),
     "POST", "/", "hi", false},
};

#define EXPECTS                                                                \
    "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"                   \
    "Content-Length: 2\r\n\r\n"

// Before the body is complete, a server may send "100 Continue".
START_TEST(a_complete_header_section_is_filled_in_before_the_body)
{
    const struct slice bytes = SLICE(EXPECTS "hi");
    const size_t header_length = strlen(EXPECTS);
    struct http_progress progress = {0};
    for (size_t given = 0; given < bytes.length; given++) {
        struct outcome outcome = parse_continued(bytes, given, &progress);
        if (given < header_length) {
            ck_assert_uint_eq(progress.header_length, 0);
            continue;
        }
        ck_assert_uint_eq(progress.header_length, header_length);
        ck_assert(outcome.request.wants_continue);
        ck_assert(slice_is(outcome.request.method, "PUT"));
        ck_assert(slice_is(outcome.request.path, "/x"));
    }
}
END_TEST

START_TEST(a_client_waits_for_a_100_only_if_it_says_so)
{
    const struct slice simple = SLICE(POST "Content-Length: 2\r\n\r\n");
    const struct slice old = SLICE("POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
                                   "Content-Length: 2\r\n\r\n");
    ck_assert(!parse_prefix(simple, simple.length).request.wants_continue);
    ck_assert(!parse_prefix(old, old.length).request.wants_continue);
}
END_TEST

// One send of a client may contain several requests, and a part of the next.
START_TEST(pipelined_requests_are_parsed_one_by_one)
{
    const struct slice sent = SLICE(POST "Content-Length: 2\r\n\r\nhi"
                                         "\r\n" GET "\r\n"
                                         "HEAD /x HTTP/1.0\r\n\r\n"
                                         "PUT / HT");
    static const char *const methods[] = {"POST", "GET", "HEAD"};
    struct slice pending = sent;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct outcome outcome = parse_prefix(pending, pending.length);
        ck_assert_int_eq(outcome.result, HTTP_PARSE_DONE);
        ck_assert(slice_is(outcome.request.method, methods[i]));
        pending = slice_after(pending, outcome.request.length);
    }
    ck_assert(slice_is(pending, "PUT / HT"));
    ck_assert_int_eq(parse_prefix(pending, pending.length).result,
                     HTTP_PARSE_MORE);
}
END_TEST

static const struct {
    struct slice bytes;
    bool has_begun;
} beginnings[] = {
    {SLICE(""), false},
    {SLICE("\r"), false}, // its LF may come
    {SLICE("\r\n"), false},
    {SLICE("\r\n\r"), false},
    {SLICE("\r\n\r\n"), false},
    {SLICE(EIGHT_LINES), false},
    {SLICE("G"), true},
    {SLICE("\r\nG"), true},
    {SLICE("\n"), true},
    {SLICE(" "), true},
    {SLICE("\0"), true},
    {SLICE("\rG"), true}, // these four are rejected
    {SLICE("\r\r"), true},
    {SLICE("\r\n\rG"), true},
    {SLICE("\r\n\n"), true},
    {SLICE(EIGHT_LINES "\r"), true}, // a ninth line is no longer ignored
    {SLICE(EIGHT_LINES "\r\n"), true},
};

START_TEST(a_request_has_not_begun_before_the_end_of_empty_lines)
{
    struct slice bytes = beginnings[_i].bytes;
    ck_assert(http_has_begun(bytes) == beginnings[_i].has_begun);
    if (!beginnings[_i].has_begun)
        ck_assert_int_eq(parse_prefix(bytes, bytes.length).result,
                         HTTP_PARSE_MORE);
}
END_TEST

static Suite *http_request_suite(void)
{
    Suite *suite = suite_create("http_request");
    TCase *tcase = tcase_create("sequences");
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_test(tcase,
                   a_complete_header_section_is_filled_in_before_the_body);
    tcase_add_test(tcase, a_client_waits_for_a_100_only_if_it_says_so);
    tcase_add_test(tcase, pipelined_requests_are_parsed_one_by_one);
    unit_add_rows(tcase, a_request_has_not_begun_before_the_end_of_empty_lines,
                  beginnings);
    suite_add_tcase(suite, tcase);
    add_good_requests(suite, rows, COUNT(rows));
    return suite;
}

int main(void)
{
    return unit_run(http_request_suite());
}
