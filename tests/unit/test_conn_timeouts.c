// test_conn_timeouts.c - clients that keep the server waiting
//
// One time-out is short here, all others are an hour. The tests say "not
// before", and which answer; how late it comes is the machine's affair. (The
// time-out for writing is in test_conn_slow.c.)

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
    FAR = 5 * 1000, // in milliseconds: by then it should long be over
    DRIP = 5,       // in milliseconds, from one byte to the next
};

#define HEAD "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define TOO_LONG(what)                                                         \
    "408 "                                                                     \
    "{\"status\":\"error\",\"reason\":\"request_timeout\",\"detail\":\"" what  \
    " took too long\"} (last), end"

static int *const timeouts_ms = server.conns.timeouts_ms;
static struct client *client;
static void *put_off[2]; // whom answers to /later must be brought to
static int put_off_count;
static int64_t start; // in milliseconds

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred = slice_is(request->path, "/later");
    if (response->deferred)
        put_off[put_off_count++] = response->conn;
    else
        respond_echo(response, request);
}

static void open_server(void)
{
    clients_init(handle);
}

// After the time-outs were set: the first one begins here.
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

static void bring_answers(void)
{
    const struct http_response response = {.status = HTTP_OK};
    while (put_off_count > 0)
        conn_complete(put_off[--put_off_count], &response);
    clients_iterate(1);
}

static void expect(const char *answers)
{
    ck_assert_str_eq(client_responses(client), answers);
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
    {"in the head", &server.conns.timeouts_ms[CONN_HEADER], "POST / HT",
     TOO_LONG("byte 10: the header section")},
    {"in a second head", &server.conns.timeouts_ms[CONN_HEADER],
     POST("3", "one") "P", "200 one, " TOO_LONG("byte 2: the header section")},
    {"in the body", &server.conns.timeouts_ms[CONN_BODY],
     HEAD "Content-Length: 5\r\n\r\nhel", TOO_LONG("byte 51: the body")},
    {"in a chunk", &server.conns.timeouts_ms[CONN_BODY], CHUNKED "5\r\nhel",
     TOO_LONG("byte 63: the body")},
    {"between chunks", &server.conns.timeouts_ms[CONN_BODY],
     CHUNKED "1\r\nh\r\n", TOO_LONG("byte 63: the body")},
    {"after a 100", &server.conns.timeouts_ms[CONN_BODY],
     HEAD "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
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
    ck_assert_int_eq(server.conns.count, 1); // it lingers, and holds nothing
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

// It was answered, but does not close its side.
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
    {"head", &server.conns.timeouts_ms[CONN_HEADER], HEAD "X-Drip: ", "a",
     "the header section took too long"},
    {"body", &server.conns.timeouts_ms[CONN_BODY],
     HEAD "Content-Length: 99999\r\n\r\n", "b", "the body took too long"},
    {"chunks", &server.conns.timeouts_ms[CONN_BODY], CHUNKED, "1\r\nc\r\n",
     "the body took too long"},
};

// A deadline on silence would never come.
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

START_TEST(the_head_has_its_time_from_its_first_byte)
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

START_TEST(each_answer_begins_a_new_idle_time)
{
    timeouts_ms[CONN_IDLE] = 2 * SHORT;
    start_client("");
    clients_run_for(SHORT);
    client_receive(client);
    if (client->ended)
        return; // this machine was away for too long: nothing is shown
    int64_t request = clock_milliseconds();
    client_send(client, POST("3", "one"));
    client_wait_for_end(client);
    ck_assert_int_ge(clock_milliseconds() - request, timeouts_ms[CONN_IDLE]);
    expect("200 one, end");
}
END_TEST

// What is short ends with the segment that is sent first.
static const struct {
    const char *name;
    int *timeout;
    const char *first;
    const char *rest;
} patience[] = {
    {"idle, then in the head", &server.conns.timeouts_ms[CONN_IDLE],
     HEAD "Content-L", "ength: 2\r\n\r\nhi"},
    {"in the head, then in the body", &server.conns.timeouts_ms[CONN_HEADER],
     HEAD "Content-Length: 2\r\n\r\nh", "i"},
    {"in the body, then in the next head", &server.conns.timeouts_ms[CONN_BODY],
     POST("1", "-") HEAD, "Content-Length: 2\r\n\r\nhi"},
};

START_TEST(a_time_out_ends_with_its_state)
{
    *patience[_i].timeout = SHORT;
    start_client(patience[_i].first);
    clients_run_for(3 * SHORT);
    client_send(client, patience[_i].rest);
    clients_iterate(1);
    ck_assert_msg(strstr(client_responses(client), "200 hi") != NULL, "%s: %s",
                  patience[_i].name, client_responses(client));
}
END_TEST

#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"

START_TEST(who_waits_for_a_later_answer_has_all_the_time)
{
    for (int state = 0; state < CONN_STATES; state++)
        if (state != CONN_DEFERRED)
            timeouts_ms[state] = SHORT;
    start_client(LATER);
    clients_run_for(3 * SHORT);
    expect("");
    timeouts_ms[CONN_IDLE] = FAR;
    bring_answers();
    expect("200");
}
END_TEST

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

// Each of them waits in another state, and in vain. One is not there any more.
static void let_others_wait(void)
{
    static const char half_a_body[] = HEAD "Content-Length: 5\r\n\r\nh";
    static const char *const others[] = {"", "POST", half_a_body, "\n", LATER};
    struct client *gone = client_open();
    client_send(gone, LATER);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        client_send(client_open(), others[i]);
    clients_iterate(1);
    client_close(gone);
    clients_iterate(1);
}

START_TEST(waiting_takes_no_time_of_the_processor)
{
    let_others_wait();
    timeouts_ms[CONN_IDLE] = LONGER;
    start_client("");
    double before = processor_seconds();
    client_wait_for_end(client);
    ck_assert_int_ge(elapsed(), LONGER);
    ck_assert_double_lt(processor_seconds() - before, SHORT / 1000.0);
    bring_answers();
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn time-outs");
    TCase *tests = tcase_create("time-outs");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_server, clients_destroy);
    unit_add_rows(tests, a_silent_client_is_told_and_closed, silences);
    tcase_add_test(tests, a_lingering_client_is_closed);
    unit_add_rows(tests, a_drip_of_bytes_does_not_extend_the_deadline, drips);
    tcase_add_test(tests, a_drip_of_bytes_does_not_extend_the_lingering);
    tcase_add_test(tests, the_head_has_its_time_from_its_first_byte);
    tcase_add_test(tests, each_answer_begins_a_new_idle_time);
    unit_add_rows(tests, a_time_out_ends_with_its_state, patience);
    tcase_add_test(tests, who_waits_for_a_later_answer_has_all_the_time);
    tcase_add_test(tests, waiting_takes_no_time_of_the_processor);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
