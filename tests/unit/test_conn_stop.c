// test_conn_stop.c - a graceful shutdown: requests that have arrived are served

#include "lib/service/respond.h"
#include "lib/base/clock.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

enum {
    SHORT = 50,         // in milliseconds
    DRIP = 5,           // in milliseconds, from one byte to the next
    FAR = 5 * 1000,     // in milliseconds: much longer than it should take
    LARGE = 300 * 1000, // in bytes: more than a socket holds
};

#define POST_START "POST / HTTP/1.1\r\nHost: a\r\n"
#define DEFERRED "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n"

static int *const timeouts_ms = server.conns.timeouts_ms;
static struct client *client;
static struct conn *deferred; // waits for its response to /deferred

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    static char large[LARGE];
    respond_echo(response, request);
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred = response->conn;
    if (slice_is(request->path, "/large"))
        response->body = (struct slice){large, sizeof large};
}

static void open_client(void)
{
    clients_init(handle);
    client = client_open();
}

static void stop(void)
{
    conns_stop(&server.conns);
}

static void expect(const char *responses)
{
    ck_assert_str_eq(client_responses(client), responses);
}

// This was the last client, so the loop ends.
static void leave(void)
{
    client_close(client);
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
}

static void expect_end(const char *responses)
{
    expect(responses);
    leave();
}

static void (*function_to_call)(void);

static short call_function(void *context, short revents)
{
    (void)context;
    (void)revents;
    if (function_to_call != NULL)
        function_to_call();
    return 0;
}

// Calls the function from within the loop.
static void call_in(int milliseconds, void function(void))
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(loop_register(&server.loop, ends[0], call_function, NULL),
                     0);
    function_to_call = function;
    loop_set_deadline(&server.loop, ends[0], milliseconds);
}

START_TEST(without_connections_the_loop_ends_at_once)
{
    client_close(client);
    clients_iterate(2);
    ck_assert_int_eq(server.conns.count, 0);
    call_in(0, stop);
    ck_assert_int_eq(loop_run(&server.loop), 0);
}
END_TEST

START_TEST(an_idle_connection_is_shut_down)
{
    stop();
    clients_iterate(1);
    expect_end("end");
}
END_TEST

START_TEST(the_loop_ends_with_the_last_connection)
{
    struct client *others[] = {client_open(), client_open()};
    stop();
    clients_iterate(2);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(client_responses(others[i]), "end");
        client_close(others[i]);
    }
    clients_iterate(2);
    ck_assert_int_eq(server.conns.count, 1);
    expect_end("end");
}
END_TEST

START_TEST(a_client_that_does_not_close_its_side_is_closed)
{
    timeouts_ms[CONN_LINGERING] = SHORT;
    int64_t start = clock_milliseconds();
    stop();
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
    ck_assert_int_ge(clock_milliseconds() - start, SHORT);
}
END_TEST

START_TEST(a_request_that_has_arrived_gets_its_response)
{
    client_send(client, POST("3", "one"));
    stop();
    clients_iterate(1);
    expect_end("200 one (final), end");
}
END_TEST

// A batch ends after so large a response, and one byte is left of it. Nothing
// is served after the final response, so the byte is discarded.
START_TEST(a_large_response_is_the_final_one_too)
{
    static char body[66 * 1000 + 2];
    memset(body, 'x', sizeof body - 1); // one more than Content-Length
    timeouts_ms[CONN_LINGERING] = SHORT;
    client_send(client, POST_START "Content-Length: 66000\r\n\r\n");
    client_send(client, body);
    stop();
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
}
END_TEST

static void complete(void)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of("completed")};
    conn_complete(deferred, &response);
}

// The connection waits for no event meanwhile, but the loop must not end.
START_TEST(a_deferred_response_delays_the_end)
{
    client_send(client, DEFERRED);
    clients_iterate(1);
    timeouts_ms[CONN_LINGERING] = SHORT;
    stop();
    call_in(SHORT, complete);
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
    expect("200 completed (final), end");
}
END_TEST

// Its response still says keep-alive: it was written before the stop.
START_TEST(a_slow_reader_still_gets_all)
{
    client_send(client, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    clients_iterate(1);
    ck_assert_int_eq(client->conn->state, CONN_SENDING);
    stop();
    client_wait_for_end(client);
    ck_assert_uint_gt(client->received.length, LARGE);
    ck_assert(!client->was_reset);
    leave();
}
END_TEST

static const struct {
    const char *name;
    const char *first;
    const char *second;
    const char *expected; // when the second half does not arrive
} halves[] = {
    {"header section", "POST / HTTP/1.1\r\nHost",
     ": a\r\nContent-Length: 2\r\n\r\nhi", "the header section took too long"},
    {"body", POST_START "Content-Length: 2\r\n\r\nh", "i",
     "the body took too long"},
};

START_TEST(an_incomplete_request_may_still_be_finished)
{
    client_send(client, halves[_i].first);
    clients_iterate(1);
    stop();
    clients_iterate(3);
    expect("");
    client_send(client, halves[_i].second);
    clients_iterate(1);
    expect_end("200 hi (final), end");
}
END_TEST

static void expect_rejection(const char *detail)
{
    const char *responses = client_responses(client);
    ck_assert_msg(strncmp(responses, "408 ", 4) == 0 &&
                      strstr(responses, detail) != NULL &&
                      strstr(responses, " (final), end") != NULL,
                  "expected 408 %s (final), end: %s", detail, responses);
}

START_TEST(an_incomplete_request_has_the_shutdown_time_left)
{
    server.conns.shutdown_ms = SHORT;
    client_send(client, halves[_i].first);
    clients_iterate(1);
    int64_t start = clock_milliseconds();
    stop();
    client_wait_for_end(client);
    ck_assert_int_ge(clock_milliseconds() - start, SHORT);
    expect_rejection(halves[_i].expected);
    leave();
}
END_TEST

START_TEST(an_incomplete_request_has_no_more_time_than_before)
{
    timeouts_ms[CONN_HEADER] = SHORT;
    timeouts_ms[CONN_BODY] = SHORT;
    client_send(client, halves[_i].first);
    clients_iterate(1);
    stop();
    client_wait_for_end(client);
    expect_rejection(halves[_i].expected);
    leave();
}
END_TEST

START_TEST(a_drip_of_bytes_does_not_delay_the_end)
{
    server.conns.shutdown_ms = SHORT;
    client_send(client, POST_START "X-Drip: ");
    clients_iterate(1);
    int64_t start = clock_milliseconds();
    stop();
    while (!client->ended && clock_milliseconds() < start + FAR) {
        client_send(client, "a");
        clients_run_for(DRIP);
        client_receive(client);
    }
    expect_rejection("the header section took too long");
    leave();
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn stop");
    TCase *tests = tcase_create("stop");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests, without_connections_the_loop_ends_at_once);
    tcase_add_test(tests, an_idle_connection_is_shut_down);
    tcase_add_test(tests, the_loop_ends_with_the_last_connection);
    tcase_add_test(tests, a_client_that_does_not_close_its_side_is_closed);
    tcase_add_test(tests, a_request_that_has_arrived_gets_its_response);
    tcase_add_test(tests, a_large_response_is_the_final_one_too);
    tcase_add_test(tests, a_deferred_response_delays_the_end);
    tcase_add_test(tests, a_slow_reader_still_gets_all);
    unit_add_rows(tests, an_incomplete_request_may_still_be_finished, halves);
    unit_add_rows(tests, an_incomplete_request_has_the_shutdown_time_left,
                  halves);
    unit_add_rows(tests, an_incomplete_request_has_no_more_time_than_before,
                  halves);
    tcase_add_test(tests, a_drip_of_bytes_does_not_delay_the_end);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
