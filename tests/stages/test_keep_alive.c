// test_keep_alive.c - whether a connection stays open for a next request
//
// In stages 2 to 6 it does, as HTTP/1.1 has it. Stage 1 closes after each
// response.

#include "tests/stages/stages.h"

// Also after a 404, and in HTTP/1.1 without any Connection field.
START_TEST(the_connection_stays_open)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    for (int i = 0; i < 3; i++) {
        client_request(&client, "GET", i == 1 ? "/other" : "/health", NULL);
        ck_assert(client_wait(&client, SOON));
        assert_field(&client, "Connection", "keep-alive");
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(the_connection_is_closed_when_the_client_wants_it)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n",
        "GET /health HTTP/1.0\r\n\r\n",
    };
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(requests[i]));
        assert_response(&client, 200);
        assert_field(&client, "Connection", "close");
        assert_ends(&client);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

START_TEST(http_1_0_stays_open_when_the_client_requests_it)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    for (int i = 0; i < 2; i++) {
        client_send(&client, slice_of("GET /health HTTP/1.0\r\n"
                                      "Connection: keep-alive\r\n\r\n"));
        assert_response(&client, 200);
        assert_field(&client, "Connection", "keep-alive");
        client_next(&client);
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

// If stage 1 kept the connection, all other clients would wait for this one's
// next request.
START_TEST(the_first_stage_closes_and_says_so)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_request_once(&client, stage.port, "GET", "/", NULL, SOON);
    assert_field(&client, "Connection", "close");
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

#define GET "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

enum { SHORT = 100 }; // in milliseconds: a header section may take so long
#define SHORT_TEXT "100"
#define EMPTY_LINES_OF_8 "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"

// What may come before a request (RFC 9112, 2.2). The first two pieces come
// when nothing has come for longer than a header section may take.
static const struct {
    const char *name;
    const char *with_the_last; // right after the last request
    const char *alone;
    const char *with_the_next;
} empty_lines[] = {
    {"nothing", "", "", ""},
    {"one after a body", "\r\n", "", ""},
    {"one before a request", "", "", "\r\n"},
    {"one by itself", "", "\r\n", ""},
    {"one after a body and one before the next request", "\r\n", "", "\r\n"},
    {"one in two pieces", "\r", "\n", ""},
    {"one in two pieces, later", "", "\r", "\n"},
    {"three in pieces", "\r\n\r", "\n", "\r\n"},
    {"eight", EMPTY_LINES_OF_8, "", ""},
    {"eight in pieces", "\r\n\r\n\r", "\n\r\n\r\n\r", "\n\r\n\r\n"},
};
enum { EMPTY_LINES = sizeof empty_lines / sizeof empty_lines[0] };

static void assert_no_response(struct client *clients)
{
    clients_wait(clients, EMPTY_LINES, 2 * SHORT);
    for (int i = 0; i < EMPTY_LINES; i++)
        ck_assert_msg(clients[i].in.length == 0 && !clients[i].ended,
                      "%s: not asked for: %.*s", empty_lines[i].name,
                      (int)clients[i].in.length, clients[i].in.bytes);
}

// Each client sends a request and the first pieces, and reads its one response.
static void open_after_a_request(struct client clients[EMPTY_LINES],
                                 const struct server *stage)
{
    char bytes[256];
    for (int i = 0; i < EMPTY_LINES; i++) {
        snprintf(bytes, sizeof bytes, "%s%s", POST,
                 empty_lines[i].with_the_last);
        client_open(&clients[i], stage->port);
        client_send(&clients[i], slice_of(bytes));
        ck_assert_msg(client_wait(&clients[i], SOON), "%s",
                      empty_lines[i].name);
        client_next(&clients[i]);
    }
    assert_no_response(clients);
    for (int i = 0; i < EMPTY_LINES; i++)
        client_send(&clients[i], slice_of(empty_lines[i].alone));
    assert_no_response(clients);
}

START_TEST(empty_lines_between_requests_get_no_response)
{
    struct server stage;
    struct client clients[EMPTY_LINES];
    char bytes[256];
    start(&stage, "--header-timeout-ms", SHORT_TEXT, NULL);
    open_after_a_request(clients, &stage);
    for (int i = 0; i < EMPTY_LINES; i++) {
        snprintf(bytes, sizeof bytes, "%s" GET, empty_lines[i].with_the_next);
        client_send(&clients[i], slice_of(bytes));
        assert_response(&clients[i], 200);
        assert_field(&clients[i], "Connection", "keep-alive");
        client_half_close(&clients[i]);
        assert_ends(&clients[i]);
    }
    close_all(clients, EMPTY_LINES);
    stop(&stage);
}
END_TEST

START_TEST(empty_lines_and_then_the_end_get_no_response)
{
    struct server stage;
    struct client clients[EMPTY_LINES];
    start(&stage, "--header-timeout-ms", SHORT_TEXT, NULL);
    open_after_a_request(clients, &stage);
    for (int i = 0; i < EMPTY_LINES; i++) {
        client_half_close(&clients[i]);
        assert_ends(&clients[i]);
    }
    close_all(clients, EMPTY_LINES);
    stop(&stage);
}
END_TEST

// A connection with nothing but empty lines is an idle one.
START_TEST(empty_lines_do_not_delay_a_graceful_shutdown)
{
    struct server stage;
    struct client clients[EMPTY_LINES];
    start(&stage, "--shutdown-timeout-ms", "60000", NULL);
    open_after_a_request(clients, &stage);
    server_signal(&stage, SIGTERM);
    for (int i = 0; i < EMPTY_LINES; i++)
        assert_ends(&clients[i]);
    close_all(clients, EMPTY_LINES);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
}
END_TEST

START_TEST(an_idle_connection_with_an_empty_line_is_closed_without_a_response)
{
    struct server stage;
    struct client client;
    start(&stage, "--idle-timeout-ms", SHORT_TEXT, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("\r\n\r"));
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

static const struct {
    const char *name;
    const char *bytes;
} no_empty_lines[] = {
    {"one more than eight", EMPTY_LINES_OF_8 "\r\n" GET},
    {"a CR after eight, then silence", EMPTY_LINES_OF_8 "\r"},
    {"a bare CR, which another byte shows", "\r" GET},
    {"two CRs", "\r\r"},
    {"a bare LF", "\n" GET},
    {"a line of one space", " \r\n" GET},
};

START_TEST(other_bytes_before_a_request_are_rejected)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of(no_empty_lines[_i].bytes));
    ck_assert_msg(client_wait(&client, SOON) && client.status == 400, "%s: %d",
                  no_empty_lines[_i].name, client.status);
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(the_first_stage_sends_nothing_for_empty_lines)
{
    static const char *const sent[] = {"\r\n", "\r", "\r\n\r\n\r"};
    struct server stage;
    struct client client;
    start(&stage, "--timeout-ms", SHORT_TEXT, NULL);
    for (int i = 0; i < 6; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(sent[i / 2]));
        if (i % 2 == 0)
            client_half_close(&client);
        assert_ends(&client);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keep_alive");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, the_connection_is_closed_when_the_client_wants_it);
    unit_add_rows(tests, other_bytes_before_a_request_are_rejected,
                  no_empty_lines);
    if (stage_under_test() == 1) {
        tcase_add_test(tests, the_first_stage_closes_and_says_so);
        tcase_add_test(tests, the_first_stage_sends_nothing_for_empty_lines);
    }
    if (stage_under_test() >= 2) {
        tcase_add_test(tests, the_connection_stays_open);
        tcase_add_test(tests, http_1_0_stays_open_when_the_client_requests_it);
        tcase_add_test(tests, empty_lines_between_requests_get_no_response);
        tcase_add_test(tests, empty_lines_and_then_the_end_get_no_response);
        tcase_add_test(tests, empty_lines_do_not_delay_a_graceful_shutdown);
        tcase_add_test(
            tests,
            an_idle_connection_with_an_empty_line_is_closed_without_a_response);
    }
    return unit_run(suite);
}
