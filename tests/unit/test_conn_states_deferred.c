// test_conn_states_deferred.c - the ways that lead through DEFERRED
//
// As in test_conn_states.c, but the response to /deferred is completed by the
// test.

#include "lib/service/respond.h"
#include "tests/unit/states.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { SHORT = 50 }; // in milliseconds

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct client *client;
static struct conn *deferred; // waits for its response to /deferred
static char large[LARGE + 1];

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    respond_echo(response, request);
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred = response->conn;
    if (slice_is(request->path, "/large"))
        response->body = (struct slice){large, LARGE};
}

static void complete(const char *body)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(body)};
    conn_complete(deferred, &response);
}

static void open_client(void)
{
    memset(large, 'x', LARGE);
    clients_init(handle);
    client = client_open();
}

static void complete_expect(const char *body, enum conn_state state)
{
    complete(body);
    clients_iterate(1);
    expect_state(state);
}

START_TEST(a_deferred_response)
{
    send_expect(client, GET("/deferred"), CONN_DEFERRED);
    complete_expect("yes", CONN_IDLE);
}
END_TEST

START_TEST(requests_after_a_deferred_response)
{
    send_expect(client, GET("/deferred") GET("/deferred") POST("5", "he"),
                CONN_DEFERRED);
    complete_expect("yes", CONN_DEFERRED);
    complete_expect("yes", CONN_BODY);
    send_expect(client, "llo", CONN_IDLE);
}
END_TEST

START_TEST(a_deferred_response_that_is_sent_slowly)
{
    make_sockets_small(client);
    send_expect(client, GET("/deferred"), CONN_DEFERRED);
    complete_expect(large, CONN_SENDING);
    read_expect(client, CONN_IDLE);
}
END_TEST

START_TEST(a_deferred_response_after_one_that_is_sent_slowly)
{
    make_sockets_small(client);
    send_expect(client, GET("/large") GET("/deferred") "P", CONN_SENDING);
    read_expect(client, CONN_DEFERRED);
    complete_expect("yes", CONN_HEADER);
}
END_TEST

START_TEST(a_rejection_after_a_deferred_response)
{
    send_expect(client, GET("/deferred") "\n", CONN_DEFERRED);
    complete_expect("yes", CONN_LINGERING);
    client_close(client);
    expect_closed();
}
END_TEST

// It waits for no event: the server notices the client's end after the
// completion.
START_TEST(a_client_that_leaves_while_its_response_is_deferred)
{
    send_expect(client, GET("/deferred"), CONN_DEFERRED);
    client_close(client);
    clients_iterate(3);
    expect_state(CONN_DEFERRED);
    complete("yes");
    expect_closed();
}
END_TEST

// The first response can not be sent. A worker still holds the connection.
START_TEST(a_connection_that_breaks_while_a_response_is_deferred)
{
    make_sockets_small(client);
    send_expect(client, GET("/large") GET("/deferred"), CONN_SENDING);
    client_close(client);
    clients_iterate(3);
    expect_state(CONN_CLOSED);
    ck_assert_ptr_null(deferred->pending);
    complete("yes");
    expect_closed();
}
END_TEST

START_TEST(a_send_time_out_while_a_response_is_deferred)
{
    make_sockets_small(client);
    server.conns.timeouts_ms[CONN_SENDING] = SHORT;
    send_expect(client, GET("/large") GET("/deferred"), CONN_SENDING);
    while (server.conns.first->state == CONN_SENDING)
        clients_run_for(1);
    expect_state(CONN_CLOSED);
    ck_assert_ptr_null(deferred->pending);
    clients_run_for(3 * SHORT);
    expect_state(CONN_CLOSED);
    complete("yes");
    expect_closed();
}
END_TEST

START_TEST(a_stop_while_a_response_is_deferred_on_a_broken_connection)
{
    make_sockets_small(client);
    send_expect(client, GET("/large") GET("/deferred"), CONN_SENDING);
    client_close(client);
    clients_iterate(3);
    conns_stop(&server.conns);
    clients_iterate(3);
    expect_state(CONN_CLOSED);
    complete("yes");
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn states deferred");
    TCase *tests = tcase_create("states");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests, a_deferred_response);
    tcase_add_test(tests, requests_after_a_deferred_response);
    tcase_add_test(tests, a_deferred_response_that_is_sent_slowly);
    tcase_add_test(tests, a_deferred_response_after_one_that_is_sent_slowly);
    tcase_add_test(tests, a_rejection_after_a_deferred_response);
    tcase_add_test(tests, a_client_that_leaves_while_its_response_is_deferred);
    tcase_add_test(tests,
                   a_connection_that_breaks_while_a_response_is_deferred);
    tcase_add_test(tests, a_send_time_out_while_a_response_is_deferred);
    tcase_add_test(tests,
                   a_stop_while_a_response_is_deferred_on_a_broken_connection);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
