// test_respond.c - the contract with the clients, byte by byte

#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store store = {.users_max = 10};

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

static void must_be(const struct http_response *response,
                    enum http_status status, const char *body)
{
    ck_assert_int_eq(response->status, status);
    ck_assert_msg(slice_is(response->body, body), "%.*s\n     expected %s",
                  (int)response->body.length, response->body.bytes, body);
}

// Every JSON response has an object as its body, which is a line: it ends with
// a newline. It has the default type.
static void must_be_json(struct http_response *response,
                         enum http_status status, const char *object)
{
    char body[512];
    snprintf(body, sizeof body, "%s\n", object);
    must_be(response, status, body);
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

START_TEST(an_accepted_event_has_a_202)
{
    struct http_response response = {0};
    respond_accepted(&response);
    ck_assert_ptr_null(response.fields);
    must_be_json(&response, HTTP_ACCEPTED, "{\"status\":\"accepted\"}");
}
END_TEST

START_TEST(a_busy_server_says_when_to_try_again)
{
    struct http_response response = {0};
    respond_busy(&response);
    must_be_json(&response, HTTP_SERVICE_UNAVAILABLE,
                 "{\"status\":\"rejected\",\"reason\":\"server_busy\"}");
}
END_TEST

// Each number of seconds comes about as often as the others: a thousand times
// in four thousand. That one of them is off by 200 has a probability of 1e-12.
START_TEST(clients_are_told_different_times_to_try_again)
{
    enum { ROUNDS = 1000 * RESPOND_RETRY_MAX };
    int counts[RESPOND_RETRY_MAX] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct http_response response = {0};
        respond_busy(&response);
        char *end;
        long seconds = strtol(strchr(response.fields, ' '), &end, 10);
        ck_assert_msg(strncmp(response.fields, "Retry-After: ", 13) == 0 &&
                          seconds >= 1 && seconds <= RESPOND_RETRY_MAX &&
                          strcmp(end, "\r\n") == 0,
                      "%s", response.fields);
        counts[seconds - 1]++;
    }
    for (int i = 0; i < RESPOND_RETRY_MAX; i++)
        ck_assert_msg(counts[i] > 800 && counts[i] < 1200,
                      "%d s came %d times of %d", i + 1, counts[i], ROUNDS);
}
END_TEST

// Two servers that start together do not tell the same times in the same order.
// This runs first: without forks of Check's, a later one would have a state.
START_TEST(each_process_has_other_times)
{
    enum { ROUNDS = 64 };
    char times[2][ROUNDS + 1] = {{0}};
    for (int process = 0; process < 2; process++) {
        int ends[2];
        ck_assert_int_eq(pipe(ends), 0);
        pid_t child = fork();
        for (int i = 0; child == 0 && i < ROUNDS; i++) {
            struct http_response response = {0};
            respond_busy(&response);
            if (write(ends[1], strchr(response.fields, ' ') + 1, 1) != 1)
                _exit(1);
        }
        if (child == 0)
            _exit(0);
        ck_assert_int_gt(child, 0);
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
        ck_assert_int_eq(read(ends[0], times[process], ROUNDS), ROUNDS);
        close(ends[0]);
        close(ends[1]);
    }
    ck_assert_str_ne(times[0], times[1]);
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

START_TEST(the_response_to_an_invalid_event_says_what_is_wrong)
{
    struct http_response response = {0};
    char body[256];
    snprintf(body, sizeof body,
             "{\"status\":\"error\",\"reason\":\"invalid_event\","
             "\"detail\":\"%s\"}",
             details[_i].written);
    respond_invalid(&response, "invalid_event", details[_i].detail);
    must_be_json(&response, HTTP_BAD_REQUEST, body);
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
    {STORE_FULL, 100, HTTP_INSUFFICIENT_STORAGE,
     "{\"status\":\"error\",\"reason\":\"too_many_users\"}"},
};

START_TEST(the_response_to_an_event_is_the_balance_or_the_reason)
{
    struct http_response response = {0};
    respond_result(&response, results[_i].result, results[_i].balance);
    must_be_json(&response, results[_i].status, results[_i].body);
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
    {"\xff", HTTP_NOT_FOUND, unknown}, // invalid UTF-8: no event has it
};

START_TEST(balances_are_those_of_one_user_or_of_all)
{
    struct http_response response = {0};
    respond_balances(&response, &store, balances[_i].user);
    must_be_json(&response, balances[_i].status, balances[_i].body);
}
END_TEST

START_TEST(a_name_is_escaped_in_its_balance)
{
    struct http_response response = {0};
    int64_t balance;
    store_add(&store, "a\"b\\\n\xc3\xa9/", 1, &balance);
    respond_balances(&response, &store, "a\"b\\\n\xc3\xa9/");
    must_be_json(&response, HTTP_OK,
                 "{\"user\":\"a\\\"b\\\\\\n\xc3\xa9/\",\"balance\":1}");
}
END_TEST

START_TEST(the_health_is_ok)
{
    struct http_response response = {0};
    respond_health(&response);
    must_be_json(&response, HTTP_OK, "{\"status\":\"ok\"}");
}
END_TEST

// The type includes the version (prometheus.io, "Exposition formats").
START_TEST(metrics_are_plain_text)
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

// Clients compare these words, so they never change.
static const struct {
    enum http_status status;
    const char *reason;
} errors[] = {
    {HTTP_BAD_REQUEST, "bad_request"},
    {HTTP_NOT_FOUND, "not_found"},
    {HTTP_METHOD_NOT_ALLOWED, "method_not_allowed"},
    {HTTP_REQUEST_TIMEOUT, "request_timeout"},
    {HTTP_CONFLICT, "balance_overflow"},
    {HTTP_CONTENT_TOO_LARGE, "content_too_large"},
    {HTTP_URI_TOO_LONG, "uri_too_long"},
    {HTTP_EXPECTATION_FAILED, "expectation_failed"},
    {HTTP_UNPROCESSABLE_CONTENT, "idempotency_key_reused"},
    {HTTP_FIELDS_TOO_LARGE, "header_fields_too_large"},
    {HTTP_INTERNAL_SERVER_ERROR, "internal_server_error"},
    {HTTP_NOT_IMPLEMENTED, "not_implemented"},
    {HTTP_SERVICE_UNAVAILABLE, "server_busy"},
    {HTTP_GATEWAY_TIMEOUT, "outcome_unknown"},
    {HTTP_VERSION_NOT_SUPPORTED, "http_version_not_supported"},
    {HTTP_INSUFFICIENT_STORAGE, "too_many_users"},
};

START_TEST(an_error_has_the_reason_of_its_status)
{
    struct http_response response = {0};
    char body[128];
    snprintf(body, sizeof body, "{\"status\":\"error\",\"reason\":\"%s\"}",
             errors[_i].reason);
    respond_error(&response, errors[_i].status, NULL);
    must_be_json(&response, errors[_i].status, body);
}
END_TEST

START_TEST(an_error_may_have_a_detail)
{
    struct http_response response = {0};
    respond_error(&response, HTTP_NOT_FOUND, "no \"such\" path");
    must_be_json(&response, HTTP_NOT_FOUND,
                 "{\"status\":\"error\",\"reason\":\"not_found\","
                 "\"detail\":\"no \\\"such\\\" path\"}");
}
END_TEST

START_TEST(the_response_to_a_rejected_request_names_the_byte)
{
    struct http_response response = {0};
    struct http_request request = {.status = HTTP_URI_TOO_LONG,
                                   .detail = "a line beyond the limit",
                                   .fault_offset = 8193};
    respond_rejected(&response, &request);
    must_be_json(&response, HTTP_URI_TOO_LONG,
                 "{\"status\":\"error\",\"reason\":\"uri_too_long\","
                 "\"detail\":\"byte 8194: a line beyond the limit\"}");
}
END_TEST

// The parser's offset 0 is byte 1.
START_TEST(the_first_byte_is_byte_1)
{
    char bytes[] = "\x16 / HTTP/1.1\r\n";
    struct http_progress progress = {0};
    struct http_request request;
    struct http_response response = {0};
    ck_assert_int_eq(http_parse_request(bytes, strlen(bytes),
                                        &http_limits_default, &progress,
                                        &request),
                     HTTP_PARSE_REJECTED);
    ck_assert_uint_eq(request.fault_offset, 0);
    respond_rejected(&response, &request);
    must_be_json(&response, HTTP_BAD_REQUEST,
                 "{\"status\":\"error\",\"reason\":\"bad_request\","
                 "\"detail\":\"byte 1: a control character\"}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("respond");
    TCase *bodies = tcase_create("bodies");
    tcase_add_checked_fixture(bodies, open_store, close_store);
    tcase_add_test(bodies, each_process_has_other_times);
    tcase_add_test(bodies, an_echo_is_the_body_itself);
    tcase_add_test(bodies, an_accepted_event_has_a_202);
    tcase_add_test(bodies, a_busy_server_says_when_to_try_again);
    tcase_add_test(bodies, clients_are_told_different_times_to_try_again);
    unit_add_rows(bodies, the_response_to_an_invalid_event_says_what_is_wrong,
                  details);
    unit_add_rows(bodies, the_response_to_an_event_is_the_balance_or_the_reason,
                  results);
    unit_add_rows(bodies, balances_are_those_of_one_user_or_of_all, balances);
    tcase_add_test(bodies, a_name_is_escaped_in_its_balance);
    tcase_add_test(bodies, the_health_is_ok);
    tcase_add_test(bodies, metrics_are_plain_text);
    unit_add_rows(bodies, an_error_has_the_reason_of_its_status, errors);
    tcase_add_test(bodies, an_error_may_have_a_detail);
    tcase_add_test(bodies, the_response_to_a_rejected_request_names_the_byte);
    tcase_add_test(bodies, the_first_byte_is_byte_1);
    suite_add_tcase(suite, bodies);
    return unit_run(suite);
}
