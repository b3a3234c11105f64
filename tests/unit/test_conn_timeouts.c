// test_conn_timeouts.c - clients that keep the server waiting
//
// In each test one time-out is short, all others are an hour. The tests say
// "not before", and which response; how late it comes depends on the machine.
// (The time-out of CONN_SENDING is in test_conn_slow.c.)

#include "lib/service/respond.h"
#include "lib/base/clock.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SHORT = 50, // in milliseconds
    LONGER = 5 * SHORT,
    FAR = 5 * 1000, // in milliseconds: much longer than it should take
    DRIP = 5,       // in milliseconds, from one byte to the next
};

#define POST_START "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST_START "Transfer-Encoding: chunked\r\n\r\n"
#define TOO_LONG(what)                                                         \
    "408 "                                                                     \
    "{\"status\":\"error\",\"reason\":\"request_timeout\",\"detail\":\"" what  \
    " took too long\"}\n (final), end"

static int *const timeouts_ms = server.conns.timeouts_ms;
static struct client *client;
static struct conn *deferred[2]; // each waits for its response to /deferred
static int deferred_count;
static int64_t start; // in milliseconds

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred[deferred_count++] = response->conn;
    else
        respond_echo(response, request);
}

static void open_server(void)
{
    clients_init(handle);
}

// Set the time-outs before: the first one begins here.
static void start_client(const char *bytes)
{
    start = clock_milliseconds();
    client = client_open();
    client_send(client, bytes);
}

static int64_t elapsed(void)
{
    return clock_milliseconds() - start;
}

static void complete_all(void)
{
    const struct http_response response = {.status = HTTP_OK};
    while (deferred_count > 0)
        conn_complete(deferred[--deferred_count], &response);
    clients_iterate(1);
}

static void expect(const char *responses)
{
    ck_assert_str_eq(client_responses(client), responses);
}

static const struct {
    const char *name;
    int *timeout;
    const char *bytes;
    const char *expected;
} silences[] = {
    {"from the start", &server.conns.timeouts_ms[CONN_IDLE], "", "end"},
    {"after a request", &server.conns.timeouts_ms[CONN_IDLE], POST("3", "one"),
     "200 one, end"},
    {"in the header section", &server.conns.timeouts_ms[CONN_HEADER],
     "POST / HT", TOO_LONG("byte 10: the header section")},
    {"in a second header section", &server.conns.timeouts_ms[CONN_HEADER],
     POST("3", "one") "P", "200 one, " TOO_LONG("byte 2: the header section")},
    {"in the body", &server.conns.timeouts_ms[CONN_BODY],
     POST_START "Content-Length: 5\r\n\r\nhel", TOO_LONG("byte 51: the body")},
    {"in a chunk", &server.conns.timeouts_ms[CONN_BODY], CHUNKED "5\r\nhel",
     TOO_LONG("byte 63: the body")},
    {"between chunks", &server.conns.timeouts_ms[CONN_BODY],
     CHUNKED "1\r\nh\r\n", TOO_LONG("byte 63: the body")},
    {"after a 100", &server.conns.timeouts_ms[CONN_BODY],
     POST_START "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
     "100, " TOO_LONG("byte 70: the body")},
};

START_TEST(a_silent_client_is_told_and_closed)
{
    *silences[_i].timeout = SHORT;
    start_client(silences[_i].bytes);
    client_wait_for_end(client);
    ck_assert_int_ge(elapsed(), SHORT);
    ck_assert_msg(strcmp(client_responses(client), silences[_i].expected) == 0,
                  "silent %s: %s", silences[_i].name, client_responses(client));
    ck_assert_int_eq(server.conns.count, 1); // it lingers
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

// The client is slow, not gone: what it sends late is no new request.
START_TEST(what_comes_after_a_time_out_gets_no_second_response)
{
    timeouts_ms[CONN_HEADER] = SHORT;
    start_client("POST / HT");
    client_wait(client);
    client_send(client, "TP/1.1\r\nHost: a\r\n\r\n");
    clients_iterate(3);
    ck_assert_str_eq(client_responses(client),
                     TOO_LONG("byte 10: the header section"));
}
END_TEST

// It has its response, but does not close its side.
START_TEST(a_lingering_client_is_closed)
{
    timeouts_ms[CONN_LINGERING] = SHORT;
    start_client("\n");
    while (server.conns.count > 0)
        clients_run_for(1);
    ck_assert_int_ge(elapsed(), SHORT);
}
END_TEST

static const struct {
    const char *name;
    int *timeout;
    const char *first;
    const char *drop; // byte by byte, again and again
    const char *expected;
} drips[] = {
    {"header section", &server.conns.timeouts_ms[CONN_HEADER],
     POST_START "X-Drip: ", "a", "the header section took too long"},
    {"body", &server.conns.timeouts_ms[CONN_BODY],
     POST_START "Content-Length: 99999\r\n\r\n", "b", "the body took too long"},
    {"chunks", &server.conns.timeouts_ms[CONN_BODY], CHUNKED, "1\r\nc\r\n",
     "the body took too long"},
};

// A deadline on silence would never pass.
START_TEST(a_drip_of_bytes_does_not_extend_the_deadline)
{
    *drips[_i].timeout = SHORT;
    start_client(drips[_i].first);
    const char *byte = drips[_i].drop;
    while (!client->ended && elapsed() < FAR) {
        client_send(client, (char[]){*byte, '\0'});
        byte = byte[1] != '\0' ? byte + 1 : drips[_i].drop;
        clients_run_for(DRIP);
        client_receive(client);
    }
    ck_assert_int_ge(elapsed(), SHORT);
    ck_assert_msg(strstr(client_responses(client), drips[_i].expected) != NULL,
                  "%s: %s", drips[_i].name, client_responses(client));
}
END_TEST

START_TEST(a_drip_of_bytes_does_not_extend_the_lingering)
{
    timeouts_ms[CONN_LINGERING] = SHORT;
    start_client("\n");
    while (server.conns.count > 0 && elapsed() < FAR) {
        client_send(client, "x");
        clients_run_for(DRIP);
    }
    ck_assert_int_ge(elapsed(), SHORT);
    ck_assert_int_eq(server.conns.count, 0);
}
END_TEST

START_TEST(the_time_of_the_header_section_begins_with_its_first_byte)
{
    timeouts_ms[CONN_HEADER] = SHORT;
    start_client("");
    clients_run_for(2 * SHORT);
    int64_t first_byte = clock_milliseconds();
    client_send(client, "P");
    client_wait_for_end(client);
    ck_assert_int_ge(clock_milliseconds() - first_byte, SHORT);
    expect(TOO_LONG("byte 2: the header section"));
}
END_TEST

START_TEST(each_response_begins_a_new_idle_time)
{
    timeouts_ms[CONN_IDLE] = 2 * SHORT;
    start_client("");
    clients_run_for(SHORT);
    client_receive(client);
    if (client->ended)
        return; // the machine was too slow: this run shows nothing
    int64_t request = clock_milliseconds();
    client_send(client, POST("3", "one"));
    client_wait_for_end(client);
    ck_assert_int_ge(clock_milliseconds() - request, timeouts_ms[CONN_IDLE]);
    expect("200 one, end");
}
END_TEST

// The short time-out is that of a state that `first` ends.
static const struct {
    const char *name;
    int *timeout;
    const char *first;
    const char *second;
} patience[] = {
    {"idle, then in the header section", &server.conns.timeouts_ms[CONN_IDLE],
     POST_START "Content-L", "ength: 2\r\n\r\nhi"},
    {"in the header section, then in the body",
     &server.conns.timeouts_ms[CONN_HEADER],
     POST_START "Content-Length: 2\r\n\r\nh", "i"},
    {"in the body, then in the next header section",
     &server.conns.timeouts_ms[CONN_BODY], POST("1", "-") POST_START,
     "Content-Length: 2\r\n\r\nhi"},
};

START_TEST(a_time_out_ends_with_its_state)
{
    *patience[_i].timeout = SHORT;
    start_client(patience[_i].first);
    clients_run_for(3 * SHORT);
    client_send(client, patience[_i].second);
    clients_iterate(1);
    ck_assert_msg(strstr(client_responses(client), "200 hi") != NULL, "%s: %s",
                  patience[_i].name, client_responses(client));
}
END_TEST

#define DEFERRED "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n"

START_TEST(a_client_with_a_deferred_response_has_no_time_out)
{
    for (int state = 0; state < CONN_STATES; state++)
        if (state != CONN_DEFERRED)
            timeouts_ms[state] = SHORT;
    start_client(DEFERRED);
    clients_run_for(3 * SHORT);
    expect("");
    timeouts_ms[CONN_IDLE] = FAR;
    complete_all();
    expect("200");
}
END_TEST

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

// Each waits in another state. One has left while its response is deferred.
static void let_others_wait(void)
{
    static const char half_a_body[] = POST_START "Content-Length: 5\r\n\r\nh";
    static const char *const others[] = {"", "POST", half_a_body, "\n",
                                         DEFERRED};
    struct client *gone = client_open();
    client_send(gone, DEFERRED);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        client_send(client_open(), others[i]);
    clients_iterate(1);
    client_close(gone);
    clients_iterate(1);
}

START_TEST(waiting_takes_no_processor_time)
{
    let_others_wait();
    timeouts_ms[CONN_IDLE] = LONGER;
    start_client("");
    double before = processor_seconds();
    client_wait_for_end(client);
    ck_assert_int_ge(elapsed(), LONGER);
    ck_assert_double_lt(processor_seconds() - before, SHORT / 1000.0);
    complete_all();
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn time-outs");
    TCase *late = tcase_create("late bytes");
    tcase_add_checked_fixture(late, open_server, clients_destroy);
    tcase_add_test(late, what_comes_after_a_time_out_gets_no_second_response);
    suite_add_tcase(suite, late);
    TCase *tests = tcase_create("time-outs");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_server, clients_destroy);
    unit_add_rows(tests, a_silent_client_is_told_and_closed, silences);
    tcase_add_test(tests, a_lingering_client_is_closed);
    unit_add_rows(tests, a_drip_of_bytes_does_not_extend_the_deadline, drips);
    tcase_add_test(tests, a_drip_of_bytes_does_not_extend_the_lingering);
    tcase_add_test(tests,
                   the_time_of_the_header_section_begins_with_its_first_byte);
    tcase_add_test(tests, each_response_begins_a_new_idle_time);
    unit_add_rows(tests, a_time_out_ends_with_its_state, patience);
    tcase_add_test(tests, a_client_with_a_deferred_response_has_no_time_out);
    tcase_add_test(tests, waiting_takes_no_processor_time);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
