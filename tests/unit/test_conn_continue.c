// test_conn_continue.c - clients that expect a 100 before they send the body
//
// A 100 after responses that are sent slowly is in test_conn_slow.c.

#include "lib/service/respond.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define EXPECT_100                                                             \
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"                   \
    "Content-Length: 5\r\n\r\n"

static struct client *client;
static struct conn *deferred; // waits for its response to /deferred
static bool is_full;          // the server's socket takes nothing

// This replaces the system's send(2), which only the server calls.
// NOLINTNEXTLINE(readability-inconsistent-*): the system's names are reserved
ssize_t send(int to, const void *bytes, size_t length, int flags)
{
    if (!is_full)
        return sendto(to, bytes, length, flags, NULL, 0);
    errno = EAGAIN;
    return -1;
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred = response->conn;
    else
        respond_echo(response, request);
}

static void complete(const char *text)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(text)};
    conn_complete(deferred, &response);
}

static void open_client(void)
{
    clients_init(handle);
    client = client_open();
}

static void expect(const char *responses)
{
    ck_assert_str_eq(client_responses(client), responses);
}

START_TEST(a_client_that_waits_with_its_body_is_told_to_continue)
{
    client_send(client, EXPECT_100);
    clients_iterate(1);
    expect("100");
    client_send(client, "he");
    clients_iterate(1);
    expect("100"); // once
    client_send(client, "llo");
    clients_iterate(1);
    expect("100, 200 hello");
}
END_TEST

START_TEST(a_header_section_in_pieces_gets_one_100)
{
    for (const char *byte = EXPECT_100; *byte != '\0'; byte++) {
        client_send(client, (char[]){*byte, '\0'});
        clients_iterate(1);
    }
    expect("100");
    clients_iterate(3);
    client_send(client, "hello");
    clients_iterate(1);
    expect("100, 200 hello");
}
END_TEST

// Here the 100 is all that is unsent, and it is not the final response.
START_TEST(a_100_that_the_socket_does_not_take_is_sent_once_it_does)
{
    is_full = true;
    client_send(client, EXPECT_100);
    clients_iterate(1);
    expect("");
    is_full = false;
    clients_iterate(3);
    expect("100");
    client_send(client, "hello");
    clients_iterate(1);
    expect("100, 200 hello");
}
END_TEST

START_TEST(each_request_may_expect_a_100)
{
    for (int i = 0; i < 2; i++) {
        client_send(client, EXPECT_100);
        clients_iterate(1);
        client_send(client, "hello");
        clients_iterate(1);
    }
    expect("100, 200 hello, 100, 200 hello");
}
END_TEST

// RFC 9110, section 10.1.1: then the server may omit the 100.
START_TEST(a_client_that_sends_its_body_at_once_gets_no_100)
{
    client_send(client, EXPECT_100 "hello");
    clients_iterate(1);
    client_send(client, EXPECT_100 "he");
    clients_iterate(1);
    client_send(client, "llo");
    clients_iterate(1);
    expect("200 hello, 200 hello");
}
END_TEST

// The body arrives after the 100, or before the completion.
START_TEST(a_request_after_a_deferred_response_gets_one_100)
{
    client_send(client, "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n" EXPECT_100);
    clients_iterate(1);
    if (_i == 1)
        client_send(client, "hello");
    complete("one");
    clients_iterate(3);
    expect(_i == 1 ? "200 one, 100, 200 hello" : "200 one, 100");
    if (_i == 0)
        client_send(client, "hello");
    clients_iterate(3);
    expect("200 one, 100, 200 hello");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn continue");
    TCase *tests = tcase_create("100 Continue");
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests,
                   a_client_that_waits_with_its_body_is_told_to_continue);
    tcase_add_test(tests, a_header_section_in_pieces_gets_one_100);
    tcase_add_test(tests,
                   a_100_that_the_socket_does_not_take_is_sent_once_it_does);
    tcase_add_test(tests, each_request_may_expect_a_100);
    tcase_add_test(tests, a_client_that_sends_its_body_at_once_gets_no_100);
    tcase_add_loop_test(tests, a_request_after_a_deferred_response_gets_one_100,
                        0, 2);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
