// test_conn_ends.c - how a connection ends

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

static void expect(const char *responses)
{
    ck_assert_str_eq(client_responses(client), responses);
}

// Status and detail of the final response; others may precede it.
static void expect_rejection(const char *status, const char *detail)
{
    const char *responses = client_responses(client);
    const char *found = strstr(responses, status);
    ck_assert_msg(found != NULL && strstr(found, detail) != NULL &&
                      strstr(found, " (final), end") != NULL,
                  "expected %s %s (final), end: %s", status, detail, responses);
}

static void expect_closed(void)
{
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
}

START_TEST(the_response_to_a_rejected_request_is_the_final_one)
{
    client_send(client, "hello server\r\n");
    clients_iterate(1);
    expect("400 {\"status\":\"error\",\"reason\":\"bad_request\",\"detail\":"
           "\"byte 13: expected a target of visible ASCII, without '#', then "
           "one space and HTTP/1.1\"}\n (final), end");
}
END_TEST

START_TEST(requests_before_a_rejected_one_get_their_responses)
{
    client_send(client, POST("3", "one") "\n" POST("3", "two"));
    clients_iterate(1);
    expect_rejection("200 one, 400 ", "byte 1: ");
}
END_TEST

// Closing at once, with bytes unread, would reset the connection: the client
// might lose the response.
START_TEST(bytes_after_a_rejected_request_are_discarded)
{
    client_send(client, "\n" POST("3", "two"));
    for (int i = 0; i < 100; i++) {
        client_send(client, POST("3", "two"));
        clients_iterate(1);
    }
    expect_rejection("400 ", "byte 1: ");
    ck_assert_int_eq(server.conns.count, 1); // it lingers
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(a_client_that_announced_the_end_is_closed_at_once)
{
    client_send(client, "GET / HTTP/1.0\r\n\r\n" POST("3", "two"));
    clients_iterate(1);
    ck_assert_int_eq(server.conns.count, 0);
    ck_assert_str_eq(client_responses(client), "200 (final), end");
}
END_TEST

// Its bytes would reset the connection, and destroy the response.
START_TEST(a_client_that_sends_more_all_the_same_is_not)
{
    enum { MORE = CONN_RECEIVE_MAX + 1 };
    static char more[MORE + 1];
    memset(more, 'x', MORE);
    client_send(client, "GET / HTTP/1.0\r\n\r\n");
    client_send(client, more);
    clients_iterate(1);
    ck_assert_int_eq(server.conns.count, 1);
    expect("200 (final), end");
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
    expect_rejection("400 ", "byte 21: ");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

START_TEST(a_client_that_shuts_down_its_side_still_gets_its_responses)
{
    client_send(client, POST("3", "one") POST("3", "two"));
    client_shutdown(client);
    clients_iterate(3);
    expect("200 one, 200 two, end");
    expect_closed();
}
END_TEST

START_TEST(a_client_that_shuts_down_before_any_request_is_closed)
{
    client_shutdown(client);
    clients_iterate(3);
    expect("end");
    expect_closed();
}
END_TEST

// All proper prefixes but the empty one, and then the end.
START_TEST(an_incomplete_request_and_then_the_end_is_a_bad_request)
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
        expect_rejection("400 ", "the request ended too early");
        client_close(client);
    }
}
END_TEST

// No response to HEAD has a body (RFC 9110, section 9.3.2).
START_TEST(an_incomplete_head_request_is_rejected_without_a_body)
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
    {"in the header section", "POST / HT"},
    {"in the body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nh"},
    {"after a response", POST("5", "hello")}, // unread: closing resets
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

START_TEST(a_client_may_leave_before_its_bytes_are_received)
{
    client_send(client, states[_i].bytes);
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(other_clients_are_served_all_the_same)
{
    struct client *others[3];
    for (int i = 0; i < 3; i++) {
        others[i] = client_open();
        client_send(others[i], states[_i].bytes);
    }
    client_send(client, "POST / HTTP/1.1\r\nHost: a\r\n");
    clients_iterate(1);
    for (int i = 0; i < 3; i++) // from the middle, the end, the front
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
    TCase *final = tcase_create("the final response");
    tcase_add_checked_fixture(final, open_client, clients_destroy);
    tcase_add_test(final, the_response_to_a_rejected_request_is_the_final_one);
    tcase_add_test(final, requests_before_a_rejected_one_get_their_responses);
    tcase_add_test(final, bytes_after_a_rejected_request_are_discarded);
    tcase_add_test(final, a_client_that_announced_the_end_is_closed_at_once);
    tcase_add_test(final, a_client_that_sends_more_all_the_same_is_not);
    tcase_add_test(final, a_lingering_connection_holds_no_buffer);
    suite_add_tcase(suite, final);
    TCase *clients = tcase_create("the client leaves");
    tcase_add_checked_fixture(clients, open_client, clients_destroy);
    tcase_add_test(clients,
                   a_client_that_shuts_down_its_side_still_gets_its_responses);
    tcase_add_test(clients,
                   a_client_that_shuts_down_before_any_request_is_closed);
    tcase_add_test(clients,
                   an_incomplete_request_and_then_the_end_is_a_bad_request);
    tcase_add_test(clients,
                   an_incomplete_head_request_is_rejected_without_a_body);
    unit_add_rows(clients, a_client_may_leave_at_any_time, states);
    unit_add_rows(clients, a_client_may_leave_before_its_bytes_are_received,
                  states);
    unit_add_rows(clients, other_clients_are_served_all_the_same, states);
    suite_add_tcase(suite, clients);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
