// test_conn_ends.c - how a connection ends, politely or not

#include "lib/service/respond.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static struct client *client;

static void echo(const struct http_request *request,
                 struct http_response *response)
{
    respond_echo(response, request);
}

static void open_client(void)
{
    clients_init(echo);
    client = client_open();
}

static void expect(const char *answers)
{
    ck_assert_str_eq(client_responses(client), answers);
}

// Status and detail of the last answer, before which others may stand.
static void expect_refusal(const char *status, const char *detail)
{
    const char *answers = client_responses(client);
    const char *found = strstr(answers, status);
    ck_assert_msg(found != NULL && strstr(found, detail) != NULL &&
                      strstr(found, " (last), end") != NULL,
                  "expected %s %s (last), end: %s", status, detail, answers);
}

static void expect_closed(void)
{
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
}

START_TEST(a_rejected_request_is_answered_and_is_the_last)
{
    client_send(client, "hello server\r\n");
    clients_iterate(1);
    expect("400 {\"status\":\"error\",\"reason\":\"bad_request\",\"detail\":"
           "\"byte 13: expected a target of visible ASCII, without '#', then "
           "one space and HTTP/1.1\"} (last), end");
}
END_TEST

START_TEST(what_came_before_a_rejected_request_is_answered)
{
    client_send(client, POST("3", "one") "\n" POST("3", "two"));
    clients_iterate(1);
    expect_refusal("200 one, 400 ", "byte 1: ");
}
END_TEST

// Closing at once, with bytes unread, would reset the connection: the client
// might lose the answer.
START_TEST(what_comes_behind_a_rejected_request_is_thrown_away)
{
    client_send(client, "\n" POST("3", "two"));
    for (int i = 0; i < 100; i++) {
        client_send(client, POST("3", "two"));
        clients_iterate(1);
    }
    expect_refusal("400 ", "byte 1: ");
    ck_assert_int_eq(server.conns.count, 1); // it lingers
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(a_client_that_asked_for_the_end_is_closed_at_once)
{
    client_send(client, "GET / HTTP/1.0\r\n\r\n" POST("3", "two"));
    clients_iterate(1);
    ck_assert_int_eq(server.conns.count, 0);
    ck_assert_str_eq(client_responses(client), "200 (last), end");
}
END_TEST

// Its bytes would reset the connection, and destroy the answer.
START_TEST(one_that_sends_more_all_the_same_is_not)
{
    enum { MORE = CONN_RECEIVE_MAX + 1 };
    static char more[MORE + 1];
    memset(more, 'x', MORE);
    client_send(client, "GET / HTTP/1.0\r\n\r\n");
    client_send(client, more);
    clients_iterate(1);
    ck_assert_int_eq(server.conns.count, 1);
    expect("200 (last), end");
    ck_assert_ptr_null(client->conn->pending);
    clients_iterate(3);
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(a_lingering_connection_holds_no_buffer)
{
    client_send(client, "GET / HTTP/1.1\r\nHo");
    clients_iterate(1);
    client_send(client, "st\n");
    clients_iterate(1);
    expect_refusal("400 ", "byte 21: ");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

START_TEST(a_client_that_shuts_down_still_gets_its_answers)
{
    client_send(client, POST("3", "one") POST("3", "two"));
    client_shutdown(client);
    clients_iterate(3);
    expect("200 one, 200 two, end");
    expect_closed();
}
END_TEST

START_TEST(a_client_that_shuts_down_before_any_request_is_just_closed)
{
    client_shutdown(client);
    clients_iterate(3);
    expect("end");
    expect_closed();
}
END_TEST

// All proper prefixes but the empty one, and then the end.
START_TEST(half_a_request_and_then_the_end_is_a_bad_request)
{
    static const char request[] = POST("5", "hello");
    for (size_t length = 1; length < sizeof request - 1; length++) {
        char half[sizeof request];
        snprintf(half, sizeof half, "%.*s", (int)length, request);
        client = client_open();
        client_send(client, half);
        clients_iterate(1);
        client_shutdown(client);
        clients_iterate(3);
        expect_refusal("400 ", "the request ended too early");
        client_close(client);
    }
}
END_TEST

// An answer to HEAD has no body (RFC 9110, 9.3.2), this one neither.
START_TEST(half_a_head_request_is_refused_without_a_body)
{
    client_send(client, "HEAD / HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: 5\r\n\r\nhel");
    clients_iterate(1);
    client_shutdown(client);
    clients_iterate(2);
    client_receive(client);
    struct slice received = buffer_slice(&client->received);
    ck_assert(slice_starts_with(received, "HTTP/1.1 400 "));
    ck_assert(slice_is(slice_after(received, received.length - 4), "\r\n\r\n"));
}
END_TEST

static const struct {
    const char *name;
    const char *bytes; // what the client sent, before it left
} states[] = {
    {"idle", ""},
    {"in the head", "POST / HT"},
    {"in the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh"},
    {"answered", POST("5", "hello")}, // and that is unread: a reset
    {"lingering", "\n"},
};

START_TEST(a_client_may_leave_at_any_time)
{
    client_send(client, states[_i].bytes);
    clients_iterate(1);
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(a_client_may_leave_before_it_is_looked_at)
{
    client_send(client, states[_i].bytes);
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(others_do_not_notice)
{
    struct client *others[3];
    for (int i = 0; i < 3; i++) {
        others[i] = client_open();
        client_send(others[i], states[_i].bytes);
    }
    client_send(client, "POST / HTTP/1.1\r\nHost: a\r\n");
    clients_iterate(1);
    for (int i = 0; i < 3; i++) // in the middle, the last, the first
        client_close(others[(i + 1) % 3]);
    client_send(client, "Content-Length: 5\r\n\r\nhello");
    clients_iterate(3);
    expect("200 hello");
    ck_assert_int_eq(server.conns.count, 1);
    ck_assert_ptr_eq(server.conns.first, client->conn);
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn ends");
    TCase *last = tcase_create("the last answer");
    tcase_add_checked_fixture(last, open_client, clients_destroy);
    tcase_add_test(last, a_rejected_request_is_answered_and_is_the_last);
    tcase_add_test(last, what_came_before_a_rejected_request_is_answered);
    tcase_add_test(last, what_comes_behind_a_rejected_request_is_thrown_away);
    tcase_add_test(last, a_client_that_asked_for_the_end_is_closed_at_once);
    tcase_add_test(last, one_that_sends_more_all_the_same_is_not);
    tcase_add_test(last, a_lingering_connection_holds_no_buffer);
    suite_add_tcase(suite, last);
    TCase *clients = tcase_create("the client leaves");
    tcase_add_checked_fixture(clients, open_client, clients_destroy);
    tcase_add_test(clients, a_client_that_shuts_down_still_gets_its_answers);
    tcase_add_test(clients,
                   a_client_that_shuts_down_before_any_request_is_just_closed);
    tcase_add_test(clients, half_a_request_and_then_the_end_is_a_bad_request);
    tcase_add_test(clients, half_a_head_request_is_refused_without_a_body);
    unit_add_rows(clients, a_client_may_leave_at_any_time, states);
    unit_add_rows(clients, a_client_may_leave_before_it_is_looked_at, states);
    unit_add_rows(clients, others_do_not_notice, states);
    suite_add_tcase(suite, clients);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
