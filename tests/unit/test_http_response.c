// test_http_response.c - responses on the wire, and their statuses

#include "lib/http/http_response.h"
#include "lib/http/http_status.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// After this comes the date, which differs from run to run.
#define BEFORE_DATE(line) "HTTP/1.1 " line "\r\nDate: "
enum { DATE_LENGTH = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1 };

static void check_written(const struct http_response *response, bool keep_alive,
                          bool is_head, const char *before, const char *after)
{
    struct buffer out = {0};
    http_write_response(&out, response, keep_alive, is_head);
    ck_assert(!out.failed);
    struct slice written = buffer_slice(&out);
    ck_assert(slice_starts_with(written, before));
    struct slice after_date =
        slice_after(written, strlen(before) + DATE_LENGTH);
    ck_assert_msg(slice_is(after_date, after), "got \"%.*s\"",
                  (int)written.length, written.bytes);
    buffer_destroy(&out);
}

START_TEST(a_response_is_a_status_line_fields_and_a_body)
{
    struct http_response response = {.status = HTTP_OK,
                                     .body = SLICE("{\"status\":\"ok\"}")};
    check_written(&response, true, false, BEFORE_DATE("200 OK"),
                  "\r\nContent-Type: application/json\r\n"
                  "Content-Length: 15\r\n"
                  "Connection: keep-alive\r\n"
                  "\r\n"
                  "{\"status\":\"ok\"}");
}
END_TEST

START_TEST(the_final_response_says_that_the_connection_closes)
{
    struct http_response response = {.status = HTTP_BAD_REQUEST,
                                     .body = SLICE("{}")};
    check_written(&response, false, false, BEFORE_DATE("400 Bad Request"),
                  "\r\nContent-Type: application/json\r\n"
                  "Content-Length: 2\r\n"
                  "Connection: close\r\n"
                  "\r\n"
                  "{}");
}
END_TEST

START_TEST(an_empty_body_has_a_length_too)
{
    struct http_response response = {.status = HTTP_NOT_FOUND};
    check_written(&response, true, false, BEFORE_DATE("404 Not Found"),
                  "\r\nContent-Type: application/json\r\n"
                  "Content-Length: 0\r\n"
                  "Connection: keep-alive\r\n"
                  "\r\n");
}
END_TEST

START_TEST(a_type_and_further_fields_may_be_given)
{
    struct http_response response = {.status = HTTP_SERVICE_UNAVAILABLE,
                                     .content_type = "text/plain",
                                     .fields = "Retry-After: 1\r\nA: b\r\n",
                                     .body = SLICE("busy")};
    check_written(&response, true, false,
                  BEFORE_DATE("503 Service Unavailable"),
                  "\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 4\r\n"
                  "Connection: keep-alive\r\n"
                  "Retry-After: 1\r\n"
                  "A: b\r\n"
                  "\r\n"
                  "busy");
}
END_TEST

START_TEST(a_response_to_head_has_the_length_of_the_body_but_not_the_body)
{
    struct http_response response = {.status = HTTP_OK, .body = SLICE("hello")};
    check_written(&response, true, true, BEFORE_DATE("200 OK"),
                  "\r\nContent-Type: application/json\r\n"
                  "Content-Length: 5\r\n"
                  "Connection: keep-alive\r\n"
                  "\r\n");
}
END_TEST

// The responses to pipelined requests go out with one send.
START_TEST(responses_are_appended_one_after_another)
{
    struct http_response response = {.status = HTTP_OK, .body = SLICE("a\0b")};
    struct buffer out = {0};
    http_write_response(&out, &response, true, false);
    size_t length = out.length;
    http_write_response(&out, &response, true, false);
    ck_assert_uint_eq(out.length, 2 * length);
    ck_assert_mem_eq(out.bytes + length - 3, "a\0bHTTP/1.1 200 OK\r\n", 20);
    ck_assert_mem_eq(out.bytes + 2 * length - 3, "a\0b", 3);
    buffer_destroy(&out);
}
END_TEST

static bool has_date(struct slice written, time_t time)
{
    char date[64];
    struct tm utc;
    gmtime_r(&time, &utc);
    size_t length = strftime(date, sizeof date,
                             "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    ck_assert_uint_eq(length, strlen("Date: ") + DATE_LENGTH + 2);
    struct slice line = slice_after(written, strlen("HTTP/1.1 200 OK\r\n"));
    return slice_starts_with(line, date);
}

// IMF-fixdate (RFC 9110, 5.6.7). The clock may tick during the test.
START_TEST(the_date_is_now)
{
    struct http_response response = {.status = HTTP_OK};
    struct buffer out = {0};
    bool found = false;
    time_t first = time(NULL);
    http_write_response(&out, &response, true, false);
    time_t last = time(NULL);
    for (time_t now = first; now <= last; now++)
        found = found || has_date(buffer_slice(&out), now);
    ck_assert_msg(found, "got \"%.*s\"", (int)out.length, out.bytes);
    buffer_destroy(&out);
}
END_TEST

START_TEST(the_interim_response_has_no_fields_and_no_body)
{
    ck_assert(slice_is(http_continue, "HTTP/1.1 100 Continue\r\n\r\n"));
}
END_TEST

// Clients depend on these: a change here breaks them.
static const struct http_status_row statuses[] = {
    {200, SLICE("200 OK"), "ok"},
    {202, SLICE("202 Accepted"), "accepted"},
    {400, SLICE("400 Bad Request"), "bad_request"},
    {404, SLICE("404 Not Found"), "not_found"},
    {405, SLICE("405 Method Not Allowed"), "method_not_allowed"},
    {408, SLICE("408 Request Timeout"), "request_timeout"},
    {409, SLICE("409 Conflict"), "balance_overflow"},
    {413, SLICE("413 Content Too Large"), "content_too_large"},
    {414, SLICE("414 URI Too Long"), "uri_too_long"},
    {417, SLICE("417 Expectation Failed"), "expectation_failed"},
    {422, SLICE("422 Unprocessable Content"), "idempotency_key_reused"},
    {431, SLICE("431 Request Header Fields Too Large"),
     "header_fields_too_large"},
    {500, SLICE("500 Internal Server Error"), "internal_server_error"},
    {501, SLICE("501 Not Implemented"), "not_implemented"},
    {503, SLICE("503 Service Unavailable"), "server_busy"},
    {504, SLICE("504 Gateway Timeout"), "outcome_unknown"},
    {505, SLICE("505 HTTP Version Not Supported"),
     "http_version_not_supported"},
    {507, SLICE("507 Insufficient Storage"), "too_many_users"},
};

START_TEST(every_status_has_its_line_and_its_reason)
{
    const size_t count = sizeof statuses / sizeof statuses[0];
    ck_assert_uint_eq(http_status_count, count);
    for (size_t i = 0; i < count; i++) {
        const enum http_status status = statuses[i].status;
        ck_assert_uint_eq(http_status_index(status), i);
        ck_assert_int_eq(http_statuses[i].status, status);
        ck_assert(slice_is(http_status_line(status), statuses[i].line.bytes));
        ck_assert_str_eq(http_status_reason(status), statuses[i].reason);
    }
}
END_TEST

// That is the programmer's mistake, so an assertion fails.
START_TEST(a_status_without_a_row_is_never_sent)
{
    http_status_index((enum http_status)299);
}
END_TEST

static Suite *http_response_suite(void)
{
    Suite *suite = suite_create("http_response");
    TCase *responses = tcase_create("responses");
    tcase_add_test(responses, a_response_is_a_status_line_fields_and_a_body);
    tcase_add_test(responses,
                   the_final_response_says_that_the_connection_closes);
    tcase_add_test(responses, an_empty_body_has_a_length_too);
    tcase_add_test(responses, a_type_and_further_fields_may_be_given);
    tcase_add_test(
        responses,
        a_response_to_head_has_the_length_of_the_body_but_not_the_body);
    tcase_add_test(responses, responses_are_appended_one_after_another);
    tcase_add_test(responses, the_date_is_now);
    tcase_add_test(responses, the_interim_response_has_no_fields_and_no_body);
    suite_add_tcase(suite, responses);
    TCase *codes = tcase_create("statuses");
    tcase_add_test(codes, every_status_has_its_line_and_its_reason);
    tcase_add_test_raise_signal(codes, a_status_without_a_row_is_never_sent,
                                SIGABRT);
    suite_add_tcase(suite, codes);
    return suite;
}

int main(void)
{
    return unit_run(http_response_suite());
}
