// test_http_rejection.c - header sections that the parser must reject, and why

#include "lib/http/http_request.h"
#include "tests/unit/http_cuts.h"
#include "tests/unit/http_properties.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

// (9112, 2.2) is RFC 9112, section 2.2.
static const struct bad_request rows[] = {
    // Not HTTP
    {"a TLS client, rejected before its line ends", SLICE("\x16\x03\x01\x02"),
     400},
    {"noise", SLICE("%$&\r\n"), 400},
    {"nine empty lines before it: eight are our limit",
     SLICE("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"), 400},
    {"a bare CR before it", SLICE("\rGET / HTTP/1.1\r\n"), 400},
    {"a bare CR after an empty line", SLICE("\r\n\r\r\n"), 400},
    {"a bare LF before it (9112, 2.2)", SLICE("\nGET / HTTP/1.1\r\n"), 400},
    {"the start of HTTP/2 (9113, 3.4)", SLICE("PRI * HTTP/2.0\r\n"), 505},

    // The request line
    {"HTTP/0.9 had no version", SLICE("GET /\r\n"), 400},
    {"no method", SLICE(" / HTTP/1.1\r\n"), 400},
    {"a method that is not a token (9110, 9.1)", SLICE("G(T / HTTP/1.1\r\n"),
     400},
    {"no target", SLICE("GET HTTP/1.1\r\n"), 400},
    {"two spaces (9112, 3)", SLICE("GET  / HTTP/1.1\r\n"), 400},
    {"a tab instead of a space", SLICE("GET\t/ HTTP/1.1\r\n"), 400},
    {"a space in the target (9112, 3.2)", SLICE("GET /a b HTTP/1.1\r\n"), 400},
    {"a space at the end", SLICE("GET / HTTP/1.1 \r\n"), 400},
    {"a fragment is the client's own (9112, 3.2)",
     SLICE("GET /#a HTTP/1.1\r\n"), 400},
    {"UTF-8 needs percent-encoding", SLICE("GET /\xc3\xa9 HTTP/1.1\r\n"), 400},
    {"a relative target", SLICE("GET a HTTP/1.1\r\n"), 400},
    {"authority-form is for CONNECT (9112, 3.2.3)",
     SLICE("GET a:80 HTTP/1.1\r\n"), 400},
    {"CONNECT is for proxies (9110, 9.3.6)", SLICE("CONNECT a:80 HTTP/1.1\r\n"),
     501},
    {"asterisk-form is for OPTIONS (9112, 3.2.4)", SLICE("GET * HTTP/1.1\r\n"),
     400},
    {"no host in absolute-form (9110, 4.2.1)",
     SLICE("GET http:///a HTTP/1.1\r\n"), 400},
    {"a port without a host", SLICE("GET http://:80/ HTTP/1.1\r\n"), 400},
    {"a user in absolute-form (9110, 4.2.4)",
     SLICE("GET http://b@a/ HTTP/1.1\r\n"), 400},
    {"another scheme", SLICE("GET ftp://a/ HTTP/1.1\r\n"), 400},
    {"a version in lower case (9112, 2.3)", SLICE("GET / http/1.1\r\n"), 400},
    {"a version of two digits", SLICE("GET / HTTP/1.10\r\n"), 400},
    {"a version of no digits", SLICE("GET / HTTP/1.x\r\n"), 400},
    {"version 2 (9110, 15.6.6)", SLICE("GET / HTTP/2.0\r\n"), 505},
    {"version 0", SLICE("GET / HTTP/0.9\r\n"), 505},

    // Where a line ends (9112, 2.2) and what it may hold (9110, 5.5)
    {"a bare LF before it", SLICE("\nGET"), 400},
    {"a bare CR before it", SLICE("\rGET"), 400},
    {"a bare LF after the request line", SLICE("GET / HTTP/1.1\n"), 400},
    {"a bare LF after a field", SLICE(LINE "Host: a\n"), 400},
    {"a bare LF after the header section", SLICE(LINE HOST "\n"), 400},
    {"a bare CR in the request line", SLICE("GET /\r HTTP/1.1\r\n"), 400},
    {"a bare CR in a value", SLICE(LINE HOST "A: b\rC: d\r\n"), 400},
    {"CR CR LF", SLICE(LINE HOST "A: b\r\r\n"), 400},
    {"NUL in the request line", SLICE("GET /\0 HTTP/1.1\r\n"), 400},
    {"NUL in a name", SLICE(LINE "Ho\0st: a\r\n"), 400},
    {"NUL in a value", SLICE(LINE "Host: a\0b\r\n"), 400},
    {"DEL in a value", SLICE(LINE HOST "A: \x7f\r\n"), 400},

    // The fields
    {"a space before the colon (9112, 5.1)",
     SLICE(LINE HOST "Content-Length : 2\r\n"), 400},
    {"a tab before the colon", SLICE(LINE "Host\t: a\r\n"), 400},
    {"obs-fold (9112, 5.2)", SLICE(LINE HOST "A: b\r\n c\r\n"), 400},
    {"obs-fold with a tab", SLICE(LINE HOST "A: b\r\n\tc\r\n"), 400},
    {"white space before the first field (9112, 2.2)",
     SLICE(LINE " Host: a\r\n"), 400},
    {"no name", SLICE(LINE HOST ": b\r\n"), 400},
    {"no colon", SLICE(LINE HOST "A\r\n"), 400},
    {"a name that is not a token", SLICE(LINE HOST "A(b): c\r\n"), 400},

    // Host (9112, 3.2)
    {"no Host", SLICE(LINE "\r\n"), 400},
    {"two Hosts", SLICE(LINE HOST "Host: b\r\n"), 400},
    {"two equal Hosts", SLICE(LINE HOST HOST), 400},
    {"two Hosts in HTTP/1.0", SLICE("GET / HTTP/1.0\r\n" HOST HOST), 400},
    {"two Hosts in one", SLICE(LINE "Host: a, b\r\n"), 400},
    {"a Host with a path", SLICE(LINE "Host: a/b\r\n"), 400},
    {"a Host with a user", SLICE(LINE "Host: b@a\r\n"), 400},
    {"an address of one colon: :: is the shortest", SLICE(LINE "Host: [:]\r\n"),
     400},

    // Content-Length (9110, 8.6; 9112, 6.3)
    {"a length with a sign", SLICE(POST "Content-Length: +2\r\n"), 400},
    {"a negative length", SLICE(POST "Content-Length: -2\r\n"), 400},
    {"a length with a space in it", SLICE(POST "Content-Length: 1 2\r\n"), 400},
    {"a list of lengths, though equal", SLICE(POST "Content-Length: 2, 2\r\n"),
     400},
    {"a hexadecimal length", SLICE(POST "Content-Length: 0x2\r\n"), 400},
    {"a length with a fraction", SLICE(POST "Content-Length: 2.0\r\n"), 400},
    {"an empty length", SLICE(POST "Content-Length: \r\n"), 400},
    {"two lengths that differ",
     SLICE(POST "Content-Length: 2\r\nContent-Length: 3\r\n"), 400},
    {"a length of one byte more than the limit",
     SLICE(POST "Content-Length: 1048577\r\n\r\n"), 413},
    {"a length of 2^64 - 1",
     SLICE(POST "Content-Length: 18446744073709551615\r\n\r\n"), 413},
    {"a length of 2^64 + 2, which is 2 after an overflow",
     SLICE(POST "Content-Length: 18446744073709551618\r\n"), 413},
    {"a length of ten times 2^64, which is 0 after one",
     SLICE(POST "Content-Length: 184467440737095516160\r\n"), 413},

    // Transfer-Encoding (9112, 6.1)
    {"both lengths",
     SLICE(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
     400},
    {"both lengths, in the other order",
     SLICE(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
     400},
    {"another coding, without chunked (9112, 6.3)",
     SLICE(POST "Transfer-Encoding: gzip\r\n\r\n"), 400},
    {"two codings, the last of them chunked",
     SLICE(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501},
    {"two codings, in two fields",
     SLICE(POST "Transfer-Encoding: gzip\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"),
     501},
    {"a coding that only ends in chunked",
     SLICE(POST "Transfer-Encoding: xchunked\r\n\r\n"), 400},
    {"chunked, with a parameter",
     SLICE(POST "Transfer-Encoding: chunked;a=b\r\n\r\n"), 400},
    {"no coding", SLICE(POST "Transfer-Encoding:\r\n\r\n"), 400},
    {"chunked twice, in one field (9112, 7.1)",
     SLICE(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501},
    {"chunked twice, in two fields",
     SLICE(POST "Transfer-Encoding: chunked\r\n"
                "Transfer-Encoding: chunked\r\n"),
     400},
    {"another coding after chunked",
     SLICE(POST "Transfer-Encoding: chunked\r\n"
                "Transfer-Encoding: identity\r\n"),
     400},
    {"HTTP/1.0 has no codings",
     SLICE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},

    // Expect (9110, 10.1.1)
    {"an unknown expectation", SLICE(POST "Expect: 200-ok\r\n"), 417},
    {"an empty expectation", SLICE(POST "Expect:\r\n"), 417},
    {"two expectations", SLICE(POST "Expect: 100-continue, x\r\n"), 417},
};

static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                            "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool is_in_token(int byte)
{
    return byte != 0 && strchr(token, byte) != NULL;
}

// Or a colon, which ends the name.
static bool is_in_name(int byte)
{
    return is_in_token(byte) || byte == ':';
}

static bool is_in_target(int byte)
{
    return byte > ' ' && byte < 0x7f && byte != '#';
}

static bool is_in_value(int byte)
{
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

static bool is_in_host(int byte)
{
    return byte > ' ' && byte < 0x7f &&
           strchr("\"#/:<>?@[\\]^`{|}", byte) == NULL;
}

// Places in a request, and the bytes that they may contain.
static const struct {
    const char *why;
    const char *before;
    bool (*may_contain)(int byte);
    const char *after;
} places[] = {
    {"a method (9110, 9.1)", "G", is_in_token,
     "T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"a target (9112, 3.2)", "GET /a", is_in_target,
     "b HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"a name (9110, 5.1)", LINE HOST "A", is_in_name, "b: c\r\n\r\n"},
    {"a value (9110, 5.5)", LINE HOST "A: b", is_in_value, "c\r\n\r\n"},
    {"a host (3986, 3.2.2)", LINE "Host: a", is_in_host, "b\r\n\r\n"},
};

START_TEST(a_place_contains_the_bytes_that_it_may_and_no_others)
{
    char text[128];
    set_title(places[_i].why);
    for (int byte = 0; byte < 256; byte++) {
        size_t length = strlen(places[_i].before);
        memcpy(text, places[_i].before, length);
        text[length++] = (char)byte;
        memcpy(text + length, places[_i].after, strlen(places[_i].after));
        length += strlen(places[_i].after);
        struct slice bytes = {text, length};
        bool accepted = parse_prefix(bytes, length).result == HTTP_PARSE_DONE;
        if (accepted != places[_i].may_contain(byte))
            fail_at(bytes, length, accepted ? "is accepted" : "is rejected");
    }
}
END_TEST

static const struct {
    const char *good; // before the wrong byte
    const char *wrong;
} faults[] = {
    {"", "\x16\x03"},
    {"", " / HTTP/1.1\r\n"},
    {"GET /", "\nHost"},
    {"GET /a", "#b HTTP/1.1\r\n"},
    {"GET / HTTP/", "2.0\r\n"},
    {LINE "Host", " : a\r\n"},
    {LINE HOST "Host: ", "b\r\n"},
    {LINE HOST "A: b", "\rC: d\r\n"},
    {POST "Content-Length: 1", "x\r\n"},
    {POST "Expect: ", "200-ok\r\n"},
};

START_TEST(the_fault_offset_is_that_of_the_wrong_byte)
{
    char text[128];
    snprintf(text, sizeof text, "%s%s", faults[_i].good, faults[_i].wrong);
    struct slice bytes = slice_of(text);
    struct outcome outcome = parse_prefix(bytes, bytes.length);
    ck_assert_int_eq(outcome.result, HTTP_PARSE_REJECTED);
    ck_assert_uint_eq(outcome.request.fault_offset, strlen(faults[_i].good));
}
END_TEST

static Suite *http_rejection_suite(void)
{
    Suite *suite = suite_create("http_rejection");
    TCase *tcase = tcase_create("bytes");
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_add_loop_test(tcase,
                        a_place_contains_the_bytes_that_it_may_and_no_others, 0,
                        COUNT(places));
    tcase_add_loop_test(tcase, the_fault_offset_is_that_of_the_wrong_byte, 0,
                        COUNT(faults));
    suite_add_tcase(suite, tcase);
    add_bad_requests(suite, rows, COUNT(rows));
    return suite;
}

int main(void)
{
    return unit_run(http_rejection_suite());
}
