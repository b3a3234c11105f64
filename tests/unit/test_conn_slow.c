// test_conn_slow.c - clients that read their answers slowly, or not at all
//
// A socket holds a little of what nobody took yet. The answers here are longer
// than that, so the rest has to wait in the connection.

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
    SIP = 1000,            // in bytes: what a slow reader takes in a turn
    MANY = 20 * 1000,      // requests that wait for a slow reader
    HELD_MAX = 256 * 1024, // in bytes, in their connection
    A_WHILE = 5,           // in turns: nothing more will happen
    WRITE = 200,           // in milliseconds: the time-out
};

static struct client *client;
static void *put_off; // whom the answer to /later must be brought to

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred = slice_is(request->path, "/later");
    if (response->deferred)
        put_off = response->conn;
    else
        respond_echo(response, request);
}

static void bring(const char *text)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(text)};
    conn_complete(put_off, &response);
}

static void open_client(void)
{
    static const int room = ROOM;
    clients_init(handle);
    client = client_open();
    setsockopt(client->conn->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

// Sends as much as the server takes, while the client reads nothing.
static size_t push(struct slice bytes)
{
    size_t sent = 0;
    for (int refusals = 0; sent < bytes.length && refusals < A_WHILE;) {
        struct slice rest = slice_after(bytes, sent);
        ssize_t count = write(client->socket, rest.bytes, rest.length);
        refusals = count > 0 ? 0 : refusals + 1;
        sent += count > 0 ? (size_t)count : 0;
        clients_iterate(1);
    }
    clients_iterate(A_WHILE);
    return sent;
}

static void sip(int times)
{
    for (int i = 0; i < times; i++) {
        client_take(client, SIP);
        clients_iterate(1);
    }
}

static void sip_to_the_end(void)
{
    for (int refusals = 0; refusals < A_WHILE; refusals++) {
        if (client_take(client, SIP) > 0)
            refusals = 0;
        clients_iterate(1);
    }
}

static void expect(struct buffer *answers)
{
    buffer_add(answers, (struct slice){"", 1});
    ck_assert_msg(strcmp(client_responses(client), answers->bytes) == 0,
                  "%zu bytes, and not those that were expected",
                  client->received.length);
    buffer_destroy(answers);
}

static void expect_no_buffers(void)
{
    ck_assert_ptr_null(client->conn->pending);
}

static void push_large_request(struct buffer *answer)
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
    buffer_add_text(answer, "200 ");
    buffer_add(answer, buffer_slice(&body));
    buffer_destroy(&request);
    buffer_destroy(&body);
}

START_TEST(a_large_answer_arrives_whole_however_slowly_it_is_read)
{
    struct buffer answer = {0};
    push_large_request(&answer);
    ck_assert_int_eq(client->conn->state, CONN_SENDING);
    sip_to_the_end();
    expect(&answer);
    expect_no_buffers();
}
END_TEST

// Nobody takes the answers, so nobody takes the requests: they stay with the
// client, and not in our memory.
START_TEST(many_answers_that_wait_hold_back_the_requests)
{
    struct buffer requests = {0};
    struct buffer answers = {0};
    for (int i = 0; i < MANY; i++) {
        buffer_add_format(&requests, POST("6", "%06d"), i);
        buffer_add_format(&answers, "%s200 %06d", i > 0 ? ", " : "", i);
    }
    struct slice rest = buffer_slice(&requests);
    rest = slice_after(rest, push(rest));
    ck_assert_uint_gt(rest.length, 0);
    ck_assert_uint_le(client_held(client), HELD_MAX);
    while (rest.length > 0) {
        sip(10);
        rest = slice_after(rest, push(rest));
    }
    sip_to_the_end();
    expect(&answers);
    expect_no_buffers();
    buffer_destroy(&requests);
}
END_TEST

START_TEST(a_reader_may_leave_in_the_middle)
{
    struct buffer answer = {0};
    push_large_request(&answer);
    sip(10);
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
    buffer_destroy(&answer);
}
END_TEST

// So many requests, and then another one, that some answers stay in the
// connection.
static void send_many(struct buffer *answers, const char *another)
{
    for (int i = 0; i < 300; i++) {
        client_send(client, POST("6", "before"));
        buffer_add_text(answers, "200 before, ");
    }
    client_send(client, another);
    clients_iterate(1);
    ck_assert_int_eq(client->conn->state, CONN_SENDING);
}

// And behind them one that is still to be brought.
static void wait_behind_unsent_answers(struct buffer *answers)
{
    send_many(answers, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert(client->conn->deferred);
}

START_TEST(a_later_answer_goes_behind_those_that_are_unsent)
{
    struct buffer answers = {0};
    wait_behind_unsent_answers(&answers);
    bring("brought");
    sip_to_the_end();
    buffer_add_text(&answers, "200 brought");
    expect(&answers);
    expect_no_buffers();
}
END_TEST

START_TEST(unsent_answers_arrive_before_the_later_one_is_brought)
{
    struct buffer answers = {0};
    wait_behind_unsent_answers(&answers);
    sip_to_the_end();
    ck_assert_int_eq(client->conn->state, CONN_DEFERRED);
    bring("brought");
    clients_iterate(1);
    buffer_add_text(&answers, "200 brought");
    expect(&answers);
}
END_TEST

#define ASK                                                                    \
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"                   \
    "Content-Length: 5\r\n\r\n"

// Once all is sent, the head is looked at again; the body is still missing.
START_TEST(who_asks_before_the_body_is_told_once)
{
    struct buffer answers = {0};
    send_many(&answers, ASK);
    sip_to_the_end();
    client_send(client, "hello");
    clients_iterate(1);
    buffer_add_text(&answers, "100, 200 hello");
    expect(&answers);
}
END_TEST

// Runs until the server drops the client. Returns when that was.
static int64_t wait_until_dropped(void)
{
    while (server.conns.count > 0)
        clients_run_for(1);
    return clock_milliseconds();
}

START_TEST(a_reader_that_takes_nothing_is_dropped)
{
    struct buffer answer = {0};
    server.conns.timeouts_ms[CONN_SENDING] = WRITE;
    int64_t start = clock_milliseconds();
    push_large_request(&answer);
    ck_assert_int_ge(wait_until_dropped() - start, WRITE);
    client_wait_for_end(client);
    ck_assert_uint_lt(client->received.length, answer.length);
    buffer_destroy(&answer);
}
END_TEST

// The system says that there is room only when there is much (Linux: three
// quarters of this socket). A reader who took less took something.
START_TEST(a_reader_that_took_something_gets_its_time_again)
{
    struct buffer answer = {0};
    server.conns.timeouts_ms[CONN_SENDING] = WRITE;
    push_large_request(&answer);
    clients_run_for(WRITE / 2);
    int64_t taken_at = clock_milliseconds();
    client_take(client, ROOM);
    ck_assert_int_ge(wait_until_dropped() - taken_at, WRITE);
    buffer_destroy(&answer);
}
END_TEST

// It is brought to a client that takes nothing, which is dropped all the same.
START_TEST(a_later_answer_does_not_lift_the_write_time_out)
{
    struct buffer answers = {0};
    server.conns.timeouts_ms[CONN_SENDING] = WRITE;
    wait_behind_unsent_answers(&answers);
    bring("brought");
    wait_until_dropped();
    buffer_destroy(&answers);
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn slow");
    TCase *tests = tcase_create("slow readers");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests,
                   a_large_answer_arrives_whole_however_slowly_it_is_read);
    tcase_add_test(tests, many_answers_that_wait_hold_back_the_requests);
    tcase_add_test(tests, a_reader_may_leave_in_the_middle);
    tcase_add_test(tests, a_later_answer_goes_behind_those_that_are_unsent);
    tcase_add_test(tests,
                   unsent_answers_arrive_before_the_later_one_is_brought);
    tcase_add_test(tests, who_asks_before_the_body_is_told_once);
    suite_add_tcase(suite, tests);
    TCase *time_out = tcase_create("the write time-out");
    tcase_add_checked_fixture(time_out, open_client, clients_destroy);
    tcase_add_test(time_out, a_reader_that_takes_nothing_is_dropped);
    tcase_add_test(time_out, a_reader_that_took_something_gets_its_time_again);
    tcase_add_test(time_out, a_later_answer_does_not_lift_the_write_time_out);
    suite_add_tcase(suite, time_out);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
