// test_conn_slow.c - clients that read their responses slowly, or not at all
//
// The responses here are longer than a socket holds. The connection keeps what
// the socket does not take.

#include "lib/service/metrics.h"
#include "lib/service/respond.h"
#include "lib/base/clock.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROOM = 8 * 1024,       // in bytes, in a socket
    LARGE = 300 * 1000,    // in bytes, of a body
    LITTLE = 1000,         // in bytes: what a slow reader takes at once
    MANY = 20 * 1000,      // requests of a slow reader
    HELD_MAX = 256 * 1024, // in bytes, in its connection
    A_WHILE = 5,           // in iterations: nothing more will happen
    TIMEOUT = 200,         // in milliseconds, of CONN_SENDING
};

static char large[LARGE];
static struct client *client;
static struct conn *deferred; // waits for its response to /deferred

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred = response->conn;
    else
        respond_echo(response, request);
    if (slice_is(request->path, "/large"))
        response->body = (struct slice){large, sizeof large};
}

static void complete(const char *text)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(text)};
    conn_complete(deferred, &response);
}

static void open_client(void)
{
    static const int room = ROOM;
    clients_init(handle);
    client = client_open();
    setsockopt(client->conn->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

// Sends as much as the server receives while the client reads nothing.
static size_t push(struct slice bytes)
{
    size_t sent = 0;
    for (int failures = 0; sent < bytes.length && failures < A_WHILE;) {
        struct slice unsent = slice_after(bytes, sent);
        ssize_t count = write(client->socket, unsent.bytes, unsent.length);
        failures = count > 0 ? 0 : failures + 1;
        sent += count > 0 ? (size_t)count : 0;
        clients_iterate(1);
    }
    clients_iterate(A_WHILE);
    return sent;
}

static void read_a_little(int times)
{
    for (int i = 0; i < times; i++) {
        client_take(client, LITTLE);
        clients_iterate(1);
    }
}

static void read_slowly_to_the_end(void)
{
    for (int failures = 0; failures < A_WHILE; failures++) {
        if (client_take(client, LITTLE) > 0)
            failures = 0;
        clients_iterate(1);
    }
}

static void expect(struct buffer *responses)
{
    buffer_add(responses, (struct slice){"", 1});
    ck_assert_msg(strcmp(client_responses(client), responses->bytes) == 0,
                  "%zu bytes, not those that were expected",
                  client->received.length);
    buffer_destroy(responses);
}

static void expect_no_buffers(void)
{
    ck_assert_ptr_null(client->conn->pending);
}

static void push_large_request(struct buffer *response)
{
    struct buffer body = {0};
    struct buffer request = {0};
    for (int i = 0; body.length < LARGE; i++)
        buffer_add_format(&body, "%06d ", i);
    buffer_add_format(&request,
                      "POST / HTTP/1.1\r\nHost: a\r\n"
                      "Content-Length: %zu\r\n\r\n",
                      body.length);
    buffer_add(&request, buffer_slice(&body));
    ck_assert_uint_eq(push(buffer_slice(&request)), request.length);
    buffer_add_text(response, "200 ");
    buffer_add(response, buffer_slice(&body));
    buffer_destroy(&request);
    buffer_destroy(&body);
}

START_TEST(a_large_response_arrives_whole_however_slowly_it_is_read)
{
    struct buffer response = {0};
    push_large_request(&response);
    ck_assert_int_eq(client->conn->state, CONN_SENDING);
    read_slowly_to_the_end();
    expect(&response);
    expect_no_buffers();
}
END_TEST

// While the client reads no response, the server receives no request: they stay
// with the client, and not in our memory.
START_TEST(unsent_responses_stop_the_receiving_of_requests)
{
    struct buffer requests = {0};
    struct buffer responses = {0};
    for (int i = 0; i < MANY; i++) {
        buffer_add_format(&requests, POST("6", "%06d"), i);
        buffer_add_format(&responses, "%s200 %06d", i > 0 ? ", " : "", i);
    }
    struct slice unsent = buffer_slice(&requests);
    unsent = slice_after(unsent, push(unsent));
    ck_assert_uint_gt(unsent.length, 0);
    ck_assert_uint_le(client_held(client), HELD_MAX);
    while (unsent.length > 0) {
        read_a_little(10);
        unsent = slice_after(unsent, push(unsent));
    }
    read_slowly_to_the_end();
    expect(&responses);
    expect_no_buffers();
    buffer_destroy(&requests);
}
END_TEST

START_TEST(a_reader_may_leave_before_the_end)
{
    struct buffer response = {0};
    push_large_request(&response);
    read_a_little(10);
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
    buffer_destroy(&response);
}
END_TEST

// So many requests that some responses stay in the connection; then another
// request.
static void send_many(struct buffer *responses, const char *another)
{
    for (int i = 0; i < 300; i++) {
        client_send(client, POST("6", "before"));
        buffer_add_text(responses, "200 before, ");
    }
    client_send(client, another);
    clients_iterate(1);
    ck_assert_int_eq(client->conn->state, CONN_SENDING);
}

// After them comes a response that is deferred.
static void defer_after_unsent_responses(struct buffer *responses)
{
    send_many(responses, "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert(client->conn->deferred);
}

START_TEST(a_completed_response_is_sent_after_the_unsent_ones)
{
    struct buffer responses = {0};
    defer_after_unsent_responses(&responses);
    complete("completed");
    read_slowly_to_the_end();
    buffer_add_text(&responses, "200 completed");
    expect(&responses);
    expect_no_buffers();
}
END_TEST

START_TEST(unsent_responses_arrive_before_the_deferred_one_is_completed)
{
    struct buffer responses = {0};
    defer_after_unsent_responses(&responses);
    read_slowly_to_the_end();
    ck_assert_int_eq(client->conn->state, CONN_DEFERRED);
    complete("completed");
    clients_iterate(1);
    buffer_add_text(&responses, "200 completed");
    expect(&responses);
}
END_TEST

#define EXPECT_100                                                             \
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"                   \
    "Content-Length: 5\r\n\r\n"

// When all is sent, the header section is parsed again; the body is missing.
START_TEST(a_100_after_unsent_responses_is_sent_once)
{
    struct buffer responses = {0};
    send_many(&responses, EXPECT_100);
    read_slowly_to_the_end();
    client_send(client, "hello");
    clients_iterate(1);
    buffer_add_text(&responses, "100, 200 hello");
    expect(&responses);
}
END_TEST

// Runs until the server has closed the connection. Returns when that was.
static int64_t wait_until_closed(void)
{
    while (server.conns.count > 0)
        clients_run_for(1);
    return clock_milliseconds();
}

START_TEST(the_connection_of_a_reader_that_takes_nothing_is_closed)
{
    struct buffer response = {0};
    server.conns.timeouts_ms[CONN_SENDING] = TIMEOUT;
    int64_t start = clock_milliseconds();
    push_large_request(&response);
    ck_assert_int_ge(wait_until_closed() - start, TIMEOUT);
    client_wait_for_end(client);
    ck_assert_uint_lt(client->received.length, response.length);
    buffer_destroy(&response);
}
END_TEST

// The system reports room only when there is much (Linux: three quarters of
// this socket). A reader that took less took something, too.
START_TEST(the_time_starts_anew_when_a_reader_took_something)
{
    struct buffer response = {0};
    server.conns.timeouts_ms[CONN_SENDING] = TIMEOUT;
    push_large_request(&response);
    clients_run_for(TIMEOUT / 2);
    int64_t taken_at = clock_milliseconds();
    client_take(client, ROOM);
    ck_assert_int_ge(wait_until_closed() - taken_at, TIMEOUT);
    buffer_destroy(&response);
}
END_TEST

// The client takes nothing, and its connection is closed all the same.
START_TEST(a_completed_response_does_not_extend_the_time_out)
{
    struct buffer responses = {0};
    server.conns.timeouts_ms[CONN_SENDING] = TIMEOUT;
    defer_after_unsent_responses(&responses);
    complete("completed");
    wait_until_closed();
    buffer_destroy(&responses);
}
END_TEST

// Although the socket would take more: other clients come first.
START_TEST(a_large_response_is_sent_in_slices)
{
    enum { SLICE_MAX = 128 * 1024, ROOMY = 1024 * 1024 };
    static const int roomy = ROOMY;
    struct client *reader = client_open();
    setsockopt(reader->conn->socket, SOL_SOCKET, SO_SNDBUF, &roomy,
               sizeof roomy);
    client_send(reader, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    int64_t before = metrics_get(METRIC_SENT_BYTES);
    clients_iterate(1);
    ck_assert_int_gt(metrics_get(METRIC_SENT_BYTES), before);
    ck_assert_int_le(metrics_get(METRIC_SENT_BYTES), before + SLICE_MAX);
    client_receive(reader);
    while (reader->received.length < LARGE) {
        clients_iterate(1);
        client_receive(reader);
    }
    client_close(reader);
}
END_TEST

// The memory for its response is for all, and stays small between requests.
START_TEST(a_reader_that_left_before_a_large_response_costs_no_memory)
{
    struct client *reader = client_open();
    client_send(reader, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    client_close(reader);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 1); // the other client
    ck_assert_uint_lt(server.conns.out.size, LARGE);
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn slow");
    TCase *tests = tcase_create("slow readers");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests,
                   a_large_response_arrives_whole_however_slowly_it_is_read);
    tcase_add_test(tests, unsent_responses_stop_the_receiving_of_requests);
    tcase_add_test(tests, a_reader_may_leave_before_the_end);
    tcase_add_test(tests, a_completed_response_is_sent_after_the_unsent_ones);
    tcase_add_test(
        tests, unsent_responses_arrive_before_the_deferred_one_is_completed);
    tcase_add_test(tests, a_100_after_unsent_responses_is_sent_once);
    tcase_add_test(tests, a_large_response_is_sent_in_slices);
    tcase_add_test(tests,
                   a_reader_that_left_before_a_large_response_costs_no_memory);
    suite_add_tcase(suite, tests);
    TCase *time_out = tcase_create("the send time-out");
    tcase_add_checked_fixture(time_out, open_client, clients_destroy);
    tcase_add_test(time_out,
                   the_connection_of_a_reader_that_takes_nothing_is_closed);
    tcase_add_test(time_out, the_time_starts_anew_when_a_reader_took_something);
    tcase_add_test(time_out, a_completed_response_does_not_extend_the_time_out);
    suite_add_tcase(suite, time_out);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
