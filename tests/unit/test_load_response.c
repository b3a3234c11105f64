// test_load_response.c - the lab's load finds the end of a response, wherever
// its bytes are cut on their way

#include "lab/load/load_response.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *bytes;
    int status;
    bool server_closes;
} rows[] = {
    {"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
     "Content-Length: 21\r\nConnection: keep-alive\r\n\r\n"
     "{\"status\":\"accepted\"}",
     202, false},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n"
     "Connection: close\r\n\r\nbusy",
     503, true},
    {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: CLOSE\r\n\r\n", 200,
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n", 200, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\nContent-Length:4\r\n\r\nbusy",
     200, false},
    {"HTTP/1.1 200\r\nConnection: x,Close \r\nContent-Length: 0\r\n\r\n", 200,
     true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n00A ;x=\"y\"\r\n0\r\n\r\n01234\r\n0\r\n\r\n",
     200, false},
    {"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n"
     "Transfer-Encoding:\tCHUNKED\r\nContent-Length: 3\r\n\r\n"
     "0\r\nDigest: x\r\nExpires: never\r\n\r\n",
     200, false},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", 204, false},
    {"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
     "\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
     200, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1", 200, true},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n1",
     200, false},
    {"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 9\r\nContent-Length: "
     "1\r\n\r\n1",
     200, false},
    {"HTTP/1.1 200 OK\nContent-Length: 1\n\n1", 200, false},
};

// No response to anything, whatever follows.
static const char *const wrong[] = {
    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.1 20x OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
    "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
};

// Their bodies end with the connection.
static const char *const to_the_end[] = {
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.1 200\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
};

enum {
    ROWS = sizeof rows / sizeof rows[0],
    WRONG = sizeof wrong / sizeof wrong[0],
    TO_THE_END = sizeof to_the_end / sizeof to_the_end[0],
};

static struct load_response response;

static void take(const char *bytes, size_t length, enum load_take expected)
{
    ck_assert_int_eq(load_response_take(&response, bytes, length), expected);
}

static void expect_row(int row)
{
    ck_assert_int_eq(response.status, rows[row].status);
    ck_assert(response.server_closes == rows[row].server_closes);
}

START_TEST(the_end_is_found_in_a_response_of_two_pieces)
{
    const char *bytes = rows[_i].bytes;
    size_t length = strlen(bytes);
    for (size_t cut = 1; cut < length; cut++) {
        load_response_begin(&response);
        take(bytes, cut, LOAD_TAKE_MORE);
        take(bytes + cut, length - cut, LOAD_TAKE_DONE);
        expect_row(_i);
    }
}
END_TEST

// One after the other: nothing of the response before stays.
START_TEST(the_end_is_found_in_responses_that_come_byte_by_byte)
{
    for (int row = 0; row < ROWS; row++) {
        const char *bytes = rows[row].bytes;
        size_t length = strlen(bytes);
        load_response_begin(&response);
        for (size_t i = 0; i + 1 < length; i++)
            take(bytes + i, 1, LOAD_TAKE_MORE);
        take(bytes + length - 1, 1, LOAD_TAKE_DONE);
        expect_row(row);
    }
}
END_TEST

static const struct {
    const char *fields;
    int seconds;
} retries[] = {
    {"Retry-After: 1\r\n", 1},
    {"retry-after:  120 \r\n", 120},
    {"", -1},
    {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", -1},
    {"Retry-After: 99999999999\r\n", -1},
    {"X-Retry-After: 1\r\n", -1},
};

START_TEST(a_response_says_when_to_come_again)
{
    char bytes[256];
    snprintf(bytes, sizeof bytes,
             "HTTP/1.1 503 Busy\r\n%sContent-Length: 0\r\n\r\n",
             retries[_i].fields);
    load_response_begin(&response);
    take(bytes, strlen(bytes), LOAD_TAKE_DONE);
    ck_assert_int_eq(response.retry_after, retries[_i].seconds);
}
END_TEST

START_TEST(a_header_section_without_end_is_wrong)
{
    static char bytes[LOAD_HEADER_MAX];
    memset(bytes, 'a', sizeof bytes);
    load_response_begin(&response);
    take(bytes, LOAD_HEADER_MAX - 1, LOAD_TAKE_MORE);
    take(bytes, 1, LOAD_TAKE_WRONG);
    load_response_begin(&response);
    take(bytes, LOAD_HEADER_MAX, LOAD_TAKE_WRONG);
}
END_TEST

START_TEST(what_is_no_response_is_wrong)
{
    load_response_begin(&response);
    take(wrong[_i], strlen(wrong[_i]), LOAD_TAKE_WRONG);
}
END_TEST

START_TEST(a_body_without_length_ends_with_the_connection)
{
    load_response_begin(&response);
    take(to_the_end[_i], strlen(to_the_end[_i]), LOAD_TAKE_MORE);
    ck_assert_int_eq(response.status, 200);
    ck_assert(response.server_closes);
    ck_assert(load_response_end(&response));
}
END_TEST

START_TEST(no_other_response_ends_with_the_connection)
{
    for (size_t cut = 0; cut < strlen(rows[_i].bytes); cut++) {
        load_response_begin(&response);
        take(rows[_i].bytes, cut, LOAD_TAKE_MORE);
        ck_assert(!load_response_end(&response));
    }
}
END_TEST

START_TEST(after_unexpected_bytes_the_connection_is_not_used_again)
{
    static const char two[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore";
    load_response_begin(&response);
    take(two, strlen(two), LOAD_TAKE_DONE);
    ck_assert(response.server_closes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load response");
    TCase *tests = tcase_create("responses");
    tcase_add_loop_test(tests, the_end_is_found_in_a_response_of_two_pieces, 0,
                        ROWS);
    tcase_add_test(tests, the_end_is_found_in_responses_that_come_byte_by_byte);
    unit_add_rows(tests, a_response_says_when_to_come_again, retries);
    tcase_add_test(tests, a_header_section_without_end_is_wrong);
    tcase_add_loop_test(tests, what_is_no_response_is_wrong, 0, WRONG);
    tcase_add_loop_test(tests, a_body_without_length_ends_with_the_connection,
                        0, TO_THE_END);
    tcase_add_loop_test(tests, no_other_response_ends_with_the_connection, 0,
                        ROWS);
    tcase_add_test(tests,
                   after_unexpected_bytes_the_connection_is_not_used_again);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
