// test_answers.c - the contract with the clients, byte by byte

#include "lib/service/admission.h"
#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"
#include "lib/service/metrics.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>

static struct store store;

// alice has 100 and bob has -7.
static void open_store(void)
{
    int64_t balance;
    ck_assert_int_eq(store_init(&store), 0);
    store_add(&store, "alice", 100, &balance);
    store_add(&store, "bob", -7, &balance);
}

static void close_store(void)
{
    store_destroy(&store);
}

static void must_say(const struct http_response *response,
                     enum http_status status, const char *body)
{
    ck_assert_int_eq(response->status, status);
    ck_assert_msg(slice_is(response->body, body), "%.*s\n     expected %s",
                  (int)response->body.length, response->body.bytes, body);
}

// What every JSON answer has: a body that is an object, and the default type.
static void must_say_json(struct http_response *response,
                          enum http_status status, const char *body)
{
    must_say(response, status, body);
    ck_assert_ptr_null(response->content_type);
    json_t *read = json_loadb(response->body.bytes, response->body.length,
                              JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(json_is_object(read), "no object: %s", body);
    json_decref(read);
    buffer_destroy(&response->text);
}

START_TEST(an_echo_is_the_body_itself)
{
    struct http_response response = {0};
    struct http_request request = {.body = SLICE("a\0b\xff")};
    respond_echo(&response, &request);
    ck_assert_int_eq(response.status, HTTP_OK);
    ck_assert_ptr_eq(response.body.bytes, request.body.bytes);
    ck_assert_uint_eq(response.body.length, 4);
    ck_assert_str_eq(response.content_type, "application/octet-stream");
    ck_assert_ptr_null(response.text.bytes);
}
END_TEST

START_TEST(an_event_is_accepted)
{
    struct http_response response = {0};
    respond_accepted(&response);
    ck_assert_ptr_null(response.fields);
    must_say_json(&response, HTTP_ACCEPTED, "{\"status\":\"accepted\"}");
}
END_TEST

START_TEST(a_busy_server_says_when_to_come_back)
{
    struct http_response response = {0};
    respond_busy(&response);
    ck_assert_str_eq(response.fields, "Retry-After: 1\r\n");
    must_say_json(&response, HTTP_SERVICE_UNAVAILABLE,
                  "{\"status\":\"rejected\",\"reason\":\"server_busy\"}");
}
END_TEST

static const struct {
    const char *detail;
    const char *written;
} details[] = {
    {"amount: expected an integer", "amount: expected an integer"},
    {"byte 1: near '\"'", "byte 1: near '\\\"'"},
    {"byte 1: near '\\x'", "byte 1: near '\\\\x'"},
    {"", ""},
};

START_TEST(an_invalid_event_is_told_why)
{
    struct http_response response = {0};
    char body[256];
    snprintf(body, sizeof body,
             "{\"status\":\"error\",\"reason\":\"invalid_json\","
             "\"detail\":\"%s\"}",
             details[_i].written);
    respond_invalid(&response, details[_i].detail);
    must_say_json(&response, HTTP_BAD_REQUEST, body);
}
END_TEST

START_TEST(each_event_is_counted_once_by_what_became_of_it)
{
    struct http_response response = {0};
    admission_accept(&response);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 1);
    admission_reject(&response);
    admission_reject(&response);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_REJECTED), 2);
    for (int i = 0; i < 3; i++)
        admission_invalid(&response, "x");
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_INVALID), 3);
    respond_accepted(&response); // these fill in a response, and count nothing
    respond_busy(&response);
    respond_invalid(&response, "x");
    respond_result(&response, STORE_ADDED, 1);
    respond_error(&response, HTTP_BAD_REQUEST, NULL);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 1);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_REJECTED), 2);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_INVALID), 3);
    buffer_destroy(&response.text);
}
END_TEST

static const struct {
    enum store_result result;
    int64_t balance;
    enum http_status status;
    const char *body;
} results[] = {
    {STORE_ADDED, 100, HTTP_OK, "{\"status\":\"ok\",\"balance\":100}"},
    {STORE_ADDED, 0, HTTP_OK, "{\"status\":\"ok\",\"balance\":0}"},
    {STORE_ADDED, INT64_MAX, HTTP_OK,
     "{\"status\":\"ok\",\"balance\":9223372036854775807}"},
    {STORE_ADDED, INT64_MIN, HTTP_OK,
     "{\"status\":\"ok\",\"balance\":-9223372036854775808}"},
    {STORE_OVERFLOW, 100, HTTP_CONFLICT,
     "{\"status\":\"error\",\"reason\":\"balance_overflow\"}"},
    {STORE_NO_MEMORY, 100, HTTP_INTERNAL_SERVER_ERROR,
     "{\"status\":\"error\",\"reason\":\"internal_server_error\"}"},
};

START_TEST(a_result_is_the_balance_or_why_there_is_none)
{
    struct http_response response = {0};
    respond_result(&response, results[_i].result, results[_i].balance);
    must_say_json(&response, results[_i].status, results[_i].body);
}
END_TEST

static const char unknown[] = "{\"status\":\"error\",\"reason\":\"not_found\","
                              "\"detail\":\"no event of this user yet\"}";

static const struct {
    const char *user;
    enum http_status status;
    const char *body;
} balances[] = {
    {"", HTTP_OK, "{\"alice\":100,\"bob\":-7}"},
    {"alice", HTTP_OK, "{\"user\":\"alice\",\"balance\":100}"},
    {"bob", HTTP_OK, "{\"user\":\"bob\",\"balance\":-7}"},
    {"carol", HTTP_NOT_FOUND, unknown},
    {"Alice", HTTP_NOT_FOUND, unknown},
    {"alice ", HTTP_NOT_FOUND, unknown},
    {"\xff", HTTP_NOT_FOUND, unknown}, // no UTF-8, so no event had it
};

START_TEST(balances_are_of_one_user_or_of_all)
{
    struct http_response response = {0};
    respond_balances(&response, &store, balances[_i].user);
    must_say_json(&response, balances[_i].status, balances[_i].body);
}
END_TEST

START_TEST(a_name_is_quoted_in_its_balance)
{
    struct http_response response = {0};
    int64_t balance;
    store_add(&store, "a\"b\\\n\xc3\xa9/", 1, &balance);
    respond_balances(&response, &store, "a\"b\\\n\xc3\xa9/");
    must_say_json(&response, HTTP_OK,
                  "{\"user\":\"a\\\"b\\\\\\n\xc3\xa9/\",\"balance\":1}");
}
END_TEST

START_TEST(health_is_ok)
{
    struct http_response response = {0};
    respond_health(&response);
    must_say_json(&response, HTTP_OK, "{\"status\":\"ok\"}");
}
END_TEST

// The version belongs to the type: prometheus.io, "Exposition formats".
START_TEST(metrics_are_text)
{
    struct http_response response = {0};
    respond_metrics(&response);
    ck_assert_int_eq(response.status, HTTP_OK);
    ck_assert_str_eq(response.content_type,
                     "text/plain; version=0.0.4; charset=utf-8");
    ck_assert(slice_starts_with(response.body, "# HELP thaw_"));
    buffer_destroy(&response.text);
}
END_TEST

// Programs compare these words: they never change.
static const struct {
    enum http_status status;
    const char *reason;
} refusals[] = {
    {HTTP_BAD_REQUEST, "bad_request"},
    {HTTP_NOT_FOUND, "not_found"},
    {HTTP_METHOD_NOT_ALLOWED, "method_not_allowed"},
    {HTTP_REQUEST_TIMEOUT, "request_timeout"},
    {HTTP_CONFLICT, "balance_overflow"},
    {HTTP_CONTENT_TOO_LARGE, "content_too_large"},
    {HTTP_URI_TOO_LONG, "uri_too_long"},
    {HTTP_EXPECTATION_FAILED, "expectation_failed"},
    {HTTP_FIELDS_TOO_LARGE, "header_fields_too_large"},
    {HTTP_INTERNAL_SERVER_ERROR, "internal_server_error"},
    {HTTP_NOT_IMPLEMENTED, "not_implemented"},
    {HTTP_SERVICE_UNAVAILABLE, "server_busy"},
    {HTTP_VERSION_NOT_SUPPORTED, "http_version_not_supported"},
};

START_TEST(a_refusal_has_the_reason_of_its_status)
{
    struct http_response response = {0};
    char body[128];
    snprintf(body, sizeof body, "{\"status\":\"error\",\"reason\":\"%s\"}",
             refusals[_i].reason);
    respond_error(&response, refusals[_i].status, NULL);
    must_say_json(&response, refusals[_i].status, body);
}
END_TEST

START_TEST(a_refusal_may_have_a_detail)
{
    struct http_response response = {0};
    respond_error(&response, HTTP_NOT_FOUND, "no \"such\" path");
    must_say_json(&response, HTTP_NOT_FOUND,
                  "{\"status\":\"error\",\"reason\":\"not_found\","
                  "\"detail\":\"no \\\"such\\\" path\"}");
}
END_TEST

START_TEST(a_rejected_request_is_told_its_byte)
{
    struct http_response response = {0};
    struct http_request request = {.status = HTTP_URI_TOO_LONG,
                                   .detail = "a line beyond the limit",
                                   .fault_offset = 8193};
    respond_rejected(&response, &request);
    must_say_json(&response, HTTP_URI_TOO_LONG,
                  "{\"status\":\"error\",\"reason\":\"uri_too_long\","
                  "\"detail\":\"byte 8194: a line beyond the limit\"}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answers");
    TCase *bodies = tcase_create("bodies");
    tcase_add_checked_fixture(bodies, open_store, close_store);
    tcase_add_test(bodies, an_echo_is_the_body_itself);
    tcase_add_test(bodies, an_event_is_accepted);
    tcase_add_test(bodies, a_busy_server_says_when_to_come_back);
    unit_add_rows(bodies, an_invalid_event_is_told_why, details);
    tcase_add_test(bodies, each_event_is_counted_once_by_what_became_of_it);
    unit_add_rows(bodies, a_result_is_the_balance_or_why_there_is_none,
                  results);
    unit_add_rows(bodies, balances_are_of_one_user_or_of_all, balances);
    tcase_add_test(bodies, a_name_is_quoted_in_its_balance);
    tcase_add_test(bodies, health_is_ok);
    tcase_add_test(bodies, metrics_are_text);
    unit_add_rows(bodies, a_refusal_has_the_reason_of_its_status, refusals);
    tcase_add_test(bodies, a_refusal_may_have_a_detail);
    tcase_add_test(bodies, a_rejected_request_is_told_its_byte);
    suite_add_tcase(suite, bodies);
    return unit_run(suite);
}
