// test_conn_states.c - each way through the diagram in conn.h
//
// After each step the state is checked, and the events that the connection
// waits for; in the end the time-out of each state. The ways that lead through
// DEFERRED are in test_conn_states_deferred.c.

#include "lib/service/respond.h"
#include "lib/base/clock.h"
#include "tests/unit/states.h"
#include "tests/unit/unit.h"

enum { SHORT = 50 }; // in milliseconds

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define FINAL "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define LARGE_HEAD "HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_START "POST / HTTP/1.1\r\nHost: a\r\n"

static struct client *client;
static char large[LARGE];

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    respond_echo(response, request);
    if (slice_is(request->path, "/large"))
        response->body = (struct slice){large, sizeof large};
}

static void open_client(void)
{
    clients_init(handle);
    client = client_open();
}

START_TEST(a_request_in_pieces)
{
    expect_state(CONN_IDLE);
    send_expect(client, "POST / HTTP/1.1\r\nHo", CONN_HEADER);
    send_expect(client, "st: a\r\nContent-Le", CONN_HEADER);
    send_expect(client, "ngth: 5\r\n\r\n", CONN_BODY);
    send_expect(client, "hel", CONN_BODY);
    send_expect(client, "lo", CONN_IDLE);
}
END_TEST

START_TEST(whole_requests_and_a_part_of_the_next)
{
    send_expect(client, POST("3", "one") POST("3", "two"), CONN_IDLE);
    send_expect(client, POST("3", "one") "PO", CONN_HEADER);
    send_expect(client, "ST / HTTP/1.1\r\nHost: a\r\n\r\n" POST("3", "o"),
                CONN_BODY);
    send_expect(client, "ne" GET("/"), CONN_IDLE);
}
END_TEST

#define FOUR(request) request request request request

// Two of these end a batch. The first iteration serves two batches: one when
// the requests arrive, one when the connection is woken.
START_TEST(more_responses_than_one_iteration_makes)
{
    send_expect(client, FOUR(LARGE_HEAD) LARGE_HEAD POST_START,
                CONN_RESPONDING);
    clients_iterate(1);
    expect_state(CONN_HEADER);
}
END_TEST

// The socket takes all of them.
START_TEST(large_responses_that_are_sent_at_once)
{
    send_expect(client, FOUR(GET("/large")) GET("/large"), CONN_RESPONDING);
    ck_assert_uint_eq(client->conn->pending->out.length, 0);
    clients_iterate(1);
    expect_state(CONN_IDLE);
}
END_TEST

// Exactly as many as one iteration makes: none is pending.
START_TEST(the_responses_of_one_iteration)
{
    send_expect(client, FOUR(LARGE_HEAD), CONN_IDLE);
}
END_TEST

START_TEST(a_response_that_is_sent_slowly)
{
    make_sockets_small(client);
    send_expect(client, GET("/large"), CONN_SENDING);
    read_expect(client, CONN_IDLE);
}
END_TEST

START_TEST(a_pending_request_after_a_response_that_is_sent_slowly)
{
    make_sockets_small(client);
    send_expect(client, GET("/large") POST("3", "on"), CONN_SENDING);
    read_expect(client, CONN_BODY);
    send_expect(client, "e", CONN_IDLE);
}
END_TEST

START_TEST(a_final_response_that_is_sent_slowly)
{
    make_sockets_small(client);
    send_expect(client, FINAL "and more", CONN_SENDING);
    client_send(client, "and more"); // so that it lingers
    read_expect(client, CONN_LINGERING);
    client_close(client);
    expect_closed();
}
END_TEST

START_TEST(a_rejection)
{
    send_expect(client, "GET / HTTP/1.1\r\n", CONN_HEADER);
    send_expect(client, "\n", CONN_LINGERING);
    send_expect(client, "and more", CONN_LINGERING);
    client_close(client);
    expect_closed();
}
END_TEST

static const struct {
    enum conn_state state;
    enum conn_state next; // when its time has passed
    const char *before;   // sent when the state had more time
    const char *bytes;    // sent afterwards: now a new time begins
} timed[] = {
    {CONN_IDLE, CONN_LINGERING, "", GET("/")},
    {CONN_HEADER, CONN_LINGERING, "", "GET"},
    {CONN_HEADER, CONN_LINGERING, "", GET("/") "GET"},
    {CONN_HEADER, CONN_LINGERING, "GET", " / HTTP/1.1\r\nHost: a\r\n\r\nGET"},
    {CONN_BODY, CONN_LINGERING, "", POST("3", "on")},
    {CONN_BODY, CONN_LINGERING, POST("3", "on"), "e" POST("3", "tw")},
    {CONN_SENDING, CONN_CLOSED, "", GET("/large")},
    {CONN_LINGERING, CONN_CLOSED, "", "\n"},
};

static bool is_in(enum conn_state state)
{
    return server.conns.count > 0 && server.conns.first->state == state;
}

START_TEST(the_time_of_a_state_begins_anew_with_each_request)
{
    enum conn_state state = timed[_i].state;
    make_sockets_small(client);
    client_send(client, timed[_i].before);
    clients_iterate(1);
    server.conns.timeouts_ms[state] = SHORT;
    int64_t start = clock_milliseconds();
    send_expect(client, timed[_i].bytes, state);
    while (is_in(state))
        clients_run_for(1);
    ck_assert_int_ge(clock_milliseconds() - start, SHORT);
    if (timed[_i].next == CONN_CLOSED)
        ck_assert_int_eq(server.conns.count, 0);
    else
        expect_state(timed[_i].next);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn states");
    TCase *tests = tcase_create("states");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests, a_request_in_pieces);
    tcase_add_test(tests, whole_requests_and_a_part_of_the_next);
    tcase_add_test(tests, more_responses_than_one_iteration_makes);
    tcase_add_test(tests, large_responses_that_are_sent_at_once);
    tcase_add_test(tests, the_responses_of_one_iteration);
    tcase_add_test(tests, a_response_that_is_sent_slowly);
    tcase_add_test(tests,
                   a_pending_request_after_a_response_that_is_sent_slowly);
    tcase_add_test(tests, a_final_response_that_is_sent_slowly);
    tcase_add_test(tests, a_rejection);
    unit_add_rows(tests, the_time_of_a_state_begins_anew_with_each_request,
                  timed);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
