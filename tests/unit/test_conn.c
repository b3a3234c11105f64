// test_conn.c - requests arrive in any pieces, and responses leave in order

#include "lib/base/net.h"
#include "lib/service/durations.h"
#include "lib/service/respond.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct client *client;

// This replaces the system's send(2), which only the server calls.
static int sends;

// NOLINTNEXTLINE(readability-inconsistent-*): the system's names are reserved
ssize_t send(int to, const void *bytes, size_t length, int flags)
{
    sends++;
    return sendto(to, bytes, length, flags, NULL, 0);
}

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

START_TEST(a_request_gets_a_response)
{
    client_send(client, POST("5", "hello"));
    clients_iterate(1);
    expect("200 hello");
}
END_TEST

START_TEST(a_connection_serves_one_request_after_another)
{
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    client_send(client, POST("3", "two"));
    clients_iterate(1);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(a_request_may_arrive_byte_by_byte)
{
    static const char request[] = POST("5", "hello");
    for (const char *byte = request; *byte != '\0'; byte++) {
        expect("");
        client_send(client, (char[]){*byte, '\0'});
        clients_iterate(1);
    }
    expect("200 hello");
}
END_TEST

static const struct {
    const char *name;
    const char *bytes;
} pairs[] = {
    {"bodies with a length", POST("3", "one") POST("3", "two")},
    {"bodies in chunks", // two of them in the first
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\non\r\n1;x=y\r\ne\r\n0\r\n\r\n"
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\ntwo\r\n0\r\nTrailer: t\r\n\r\n"},
    {"an empty line before each", // some clients send it
     "\r\n" POST("3", "one") "\r\n" POST("3", "two")},
};

static void send_cut(const char *bytes, size_t cut)
{
    char first[512];
    snprintf(first, sizeof first, "%.*s", (int)cut, bytes);
    client_send(client, first);
    clients_iterate(1);
    client_send(client, bytes + cut);
    clients_iterate(1);
}

START_TEST(two_requests_may_be_cut_anywhere)
{
    const char *bytes = pairs[_i].bytes;
    for (size_t cut = 0; cut <= strlen(bytes); cut++) {
        client = client_open();
        send_cut(bytes, cut);
        const char *responses = client_responses(client);
        ck_assert_msg(strcmp(responses, "200 one, 200 two") == 0,
                      "%s, cut after %zu bytes: %s", pairs[_i].name, cut,
                      responses);
        ck_assert_ptr_null(client->conn->pending);
        client_close(client);
    }
}
END_TEST

static const int counts[] = {1, 2, 100};

// With a send(2) for each response, each would be a segment of its own.
START_TEST(requests_that_arrive_together_get_their_responses_in_one_send)
{
    struct buffer requests = {0};
    struct buffer responses = {0};
    for (int i = 0; i < counts[_i]; i++) {
        buffer_add_format(&requests, POST("3", "%03d"), i);
        buffer_add_format(&responses, "%s200 %03d", i > 0 ? ", " : "", i);
    }
    client_send(client, requests.bytes);
    sends = 0;
    clients_iterate(1);
    ck_assert_int_eq(sends, 1);
    expect(responses.bytes);
    buffer_destroy(&requests);
    buffer_destroy(&responses);
}
END_TEST

static void expect_no_buffers(void)
{
    ck_assert_ptr_null(client->conn->pending);
}

START_TEST(a_connection_holds_memory_only_while_a_request_is_incomplete)
{
    static const char start[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Le";
    expect_no_buffers();
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    expect_no_buffers();
    client_send(client, start);
    clients_iterate(1);
    ck_assert_uint_eq(client->conn->pending->in.length, sizeof start - 1);
    client_send(client, "ngth: 3\r\n\r\ntwo");
    clients_iterate(1);
    expect_no_buffers();
    expect("200 one, 200 two");
}
END_TEST

// The next response follows the header section directly.
START_TEST(the_response_to_head_has_no_body)
{
    client_send(client, "HEAD / HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: 5\r\n\r\nhello" POST("3", "two"));
    clients_iterate(1);
    client_receive(client);
    const char *text = client->received.bytes;
    const char *end = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(end);
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 5\r\n"));
    ck_assert_int_eq(strncmp(end + 4, "HTTP/1.1 200", 12), 0);
}
END_TEST

static const struct {
    const char *name;
    const char *first; // a second request arrives together with it
    const char *expected;
} versions[] = {
    {"1.1 keeps the connection alive", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
     "200, 200 two"},
    {"unless it says close",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     "200 (final), end"},
    {"1.0 does not", "GET / HTTP/1.0\r\n\r\n", "200 (final), end"},
    {"unless it says keep-alive",
     "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200, 200 two"},
};

START_TEST(the_client_decides_whether_the_connection_stays_open)
{
    client_send(client, versions[_i].first);
    client_send(client, POST("3", "two"));
    clients_iterate(1);
    expect(versions[_i].expected);
}
END_TEST

static int made; // responses

static void make_a_large_response(const struct http_request *request,
                                  struct http_response *response)
{
    static const char body[40 * 1024];
    (void)request;
    made++;
    response->status = HTTP_OK;
    response->body = (struct slice){body, sizeof body};
}

// The bodies are not sent, so a full socket does not limit the client.
START_TEST(many_requests_at_once_are_served_in_several_iterations)
{
    enum { REQUESTS = 50 };
    server.conns.handle = make_a_large_response;
    for (int i = 0; i < REQUESTS; i++)
        client_send(client, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    clients_iterate(1);
    ck_assert_int_le(made, 4);
    clients_iterate(REQUESTS);
    ck_assert_int_eq(made, REQUESTS);
}
END_TEST

static long count_durations(void)
{
    static const char name[] = "thaw_request_duration_seconds_count ";
    struct buffer text = {0};
    durations_write(&text);
    buffer_add(&text, (struct slice){"", 1}); // ends the string
    const char *found = strstr(text.bytes, name);
    ck_assert_ptr_nonnull(found);
    long count = strtol(found + strlen(name), NULL, 10);
    buffer_destroy(&text);
    return count;
}

// A server is preempted, and clients come to its port before it first waits.
START_TEST(a_request_that_is_there_before_the_first_wait_is_counted)
{
    int ends[2];
    long before = count_durations();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(net_set_nonblocking(ends[1]), 0);
    ck_assert_int_gt(dprintf(ends[0], POST("5", "hello")), 0);
    conn_open(&server.conns, ends[1]);
    ck_assert_int_eq(count_durations(), before + 1);
    close(ends[0]);
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn");
    TCase *tests = tcase_create("requests and responses");
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests, a_request_gets_a_response);
    tcase_add_test(tests, a_connection_serves_one_request_after_another);
    tcase_add_test(tests, a_request_may_arrive_byte_by_byte);
    unit_add_rows(tests, two_requests_may_be_cut_anywhere, pairs);
    unit_add_rows(tests,
                  requests_that_arrive_together_get_their_responses_in_one_send,
                  counts);
    tcase_add_test(
        tests, a_connection_holds_memory_only_while_a_request_is_incomplete);
    tcase_add_test(tests, the_response_to_head_has_no_body);
    unit_add_rows(tests, the_client_decides_whether_the_connection_stays_open,
                  versions);
    tcase_add_test(tests,
                   many_requests_at_once_are_served_in_several_iterations);
    tcase_add_test(tests,
                   a_request_that_is_there_before_the_first_wait_is_counted);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
