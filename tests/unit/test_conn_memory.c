// test_conn_memory.c - memory runs out while a client is served
//
// Wherever that happens, the client gets a 500 or its connection is closed.
// Other requests lose nothing, and the next client is served.

#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"
#include "lib/base/net.h"
#include "tests/unit/clients.h"
#include "tests/unit/scarce.h"
#include "tests/unit/iterations.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ENOUGH = 1000,      // allocations: more than any of this needs
    LARGE = 300 * 1000, // in bytes: more than a socket holds
    USERS = 1000,
};

#define POST_START "POST / HTTP/1.1\r\nHost: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct iterations iterations;
static struct store store = {.users_max = USERS};
static char large[LARGE];
static struct conn *deferred; // waits for its response to /deferred

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    respond_echo(response, request);
    response->deferred = slice_is(request->path, "/deferred");
    if (response->deferred)
        deferred = response->conn;
    if (slice_is(request->path, "/large"))
        response->body = (struct slice){large, sizeof large};
    if (slice_is(request->path, "/balances"))
        respond_balances(response, &store, "");
    if (slice_is(request->path, "/missing"))
        respond_error(response, HTTP_NOT_FOUND, "nothing is there");
}

static void open_server(void)
{
    int64_t balance;
    char user[32];
    scarce_memory(ENOUGH * USERS); // before the first use of jansson
    clients_init(handle);
    iterations_init(&iterations, &server.loop);
    memset(large, 'x', sizeof large);
    ck_assert_int_eq(store_init(&store), 0);
    for (int i = 0; i < USERS; i++) {
        snprintf(user, sizeof user, "user%d", i);
        ck_assert_int_eq(store_add(&store, user, i, &balance), STORE_ADDED);
    }
    scarce_end();
}

static void close_server(void)
{
    clients_destroy();
    store_destroy(&store);
}

static const struct {
    const char *name;
    const char *first;
    const char *second; // arrives in another iteration
} exchanges[] = {
    {"a request in one piece", POST("5", "hello"), ""},
    {"in two pieces, cut in its header section", "POST / HTTP/1.1\r\nHos",
     "t: a\r\nContent-Length: 2\r\n\r\nhi"},
    {"in two pieces, cut in its body", POST_START "Content-Length: 2\r\n\r\nh",
     "i"},
    {"in chunks", POST_START "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n",
     "3\r\ntwo\r\n0\r\n\r\n"},
    {"many in one piece",
     POST("3", "one") POST("3", "two") POST("5", "three") POST("4", "four"),
     ""},
    {"one and a half", POST("3", "one") POST_START,
     "Content-Length: 2\r\n\r\nhi"},
    {"a body that is asked for",
     POST_START "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", "hi"},
    {"no HTTP", "nonsense\r\n", ""},
    {"a rejection", GET("/missing"), ""},
    {"all balances", GET("/balances"), ""},
    {"more than the socket takes", GET("/large"), ""},
    {"a deferred response", GET("/deferred"), ""},
    {"a deferred response, and a request after it",
     GET("/deferred") POST("2", "hi"), ""},
};

// Without an assertion, which needs memory too.
static void send_and_serve(const struct client *client, const char *text)
{
    if (write(client->socket, text, strlen(text)) < 0)
        return; // the connection is closed already
    iterations.left = 2;
    loop_wake(&server.loop, iterations.pipe[0]);
    loop_run(&server.loop);
}

static void complete(void)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of("completed")};
    if (deferred != NULL)
        conn_complete(deferred, &response);
    deferred = NULL;
}

static void read_all(struct client *client)
{
    for (int i = 0; i < 10; i++) {
        clients_iterate(1);
        client_receive(client);
    }
}

// Returns what the client gets when so many allocations succeed; free it.
// *failed: that was too few.
static char *responses_with(int memory, int row, bool *failed)
{
    struct client *client = client_open();
    buffer_destroy(&server.conns.out);
    scarce_memory(memory);
    send_and_serve(client, exchanges[row].first);
    complete();
    send_and_serve(client, exchanges[row].second);
    *failed = scarce_end();
    read_all(client);
    char *responses = strdup(client_responses(client));
    ck_assert_ptr_nonnull(responses);
    client_close(client);
    clients_iterate(2);
    ck_assert_int_eq(server.conns.count, 0);
    return responses;
}

static void expect_service(void)
{
    struct client *client = client_open();
    client_send(client, POST("5", "again"));
    clients_iterate(1);
    ck_assert_str_eq(client_responses(client), "200 again");
    client_close(client);
    clients_iterate(2);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) &&
           strcmp(text + length - strlen(end), end) == 0;
}

// A client may get a part of a response only if its socket can not take all of
// it.
static bool gets_500_or_end(const char *responses, bool is_large)
{
    return (is_large || strstr(responses, "incomplete") == NULL) &&
           (strstr(responses, "500 ") != NULL || ends_with(responses, "end") ||
            ends_with(responses, "reset"));
}

START_TEST(wherever_memory_runs_out_the_client_gets_500_or_the_end)
{
    bool failed;
    char *expected = responses_with(ENOUGH, _i, &failed);
    bool is_large = strlen(expected) > LARGE;
    ck_assert_msg(!failed, "%s", exchanges[_i].name);
    failed = true;
    for (int memory = 0; failed; memory++) {
        ck_assert_int_lt(memory, ENOUGH);
        char *responses = responses_with(memory, _i, &failed);
        ck_assert_msg(strcmp(responses, expected) == 0 ||
                          (failed && gets_500_or_end(responses, is_large)),
                      "%s, with %d allocations: %.200s", exchanges[_i].name,
                      memory, responses);
        expect_service();
        free(responses);
    }
    free(expected);
}
END_TEST

static bool is_closed(int socket)
{
    char byte;
    return recv(socket, &byte, 1, 0) == 0;
}

// The loop has no room for so high a descriptor yet.
START_TEST(a_client_for_which_there_is_no_memory_is_closed)
{
    bool failed = true;
    int memory = 0;
    for (; failed; memory++) {
        int ends[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        int high = fcntl(ends[1], F_DUPFD, server.loop.size);
        ck_assert_int_eq(net_set_nonblocking(ends[0]), 0);
        ck_assert_int_eq(net_set_nonblocking(high), 0);
        close(ends[1]);
        scarce_memory(memory);
        conn_open(&server.conns, high);
        failed = scarce_end();
        ck_assert_int_eq(is_closed(ends[0]), failed);
        ck_assert_int_eq(server.conns.count, failed ? 0 : 1);
        close(ends[0]);
        clients_iterate(2);
        expect_service();
    }
    ck_assert_int_eq(memory, 6); // the connection, the loop's four arrays
}
END_TEST

static short never_called(void *context, short revents)
{
    (void)revents;
    *(bool *)context = true;
    return LOOP_REMOVE;
}

START_TEST(a_descriptor_that_can_not_be_registered_is_not_called)
{
    bool was_called = false;
    for (int memory = 0; memory < 4; memory++) {
        scarce_memory(memory);
        int result = loop_register(&server.loop, server.loop.size, never_called,
                                   &was_called);
        ck_assert(scarce_end());
        ck_assert_int_eq(result, -1);
        ck_assert(!was_called);
        expect_service();
    }
}
END_TEST

// For a moment, the kernel has no memory for its own lists.
START_TEST(a_poll_that_fails_for_want_of_memory_is_tried_again)
{
    struct client *client = client_open();
    client_send(client, POST("5", "hello"));
    scarce_polls(3);
    clients_iterate(10);
    ck_assert_str_eq(client_responses(client), "200 hello");
    scarce_end();
}
END_TEST

START_TEST(a_server_for_which_there_is_no_memory_does_not_start)
{
    int result = -1;
    int memory = 0;
    struct options options;
    options_init(&options, "test", "no memory");
    options.port = 0;
    for (; result < 0; memory++) {
        struct server other = {.backend = "poll"};
        scarce_memory(memory);
        errno = 0;
        result = server_init(&other, &options, handle);
        bool failed = scarce_end();
        ck_assert_int_eq(result, failed ? -1 : 0);
        ck_assert_int_eq(errno, failed ? ENOMEM : errno);
        loop_destroy(&other.loop);
        close(other.listener);
    }
    ck_assert_int_eq(memory, 5); // the loop's four arrays
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn memory");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, open_server, close_server);
    unit_add_rows(tests,
                  wherever_memory_runs_out_the_client_gets_500_or_the_end,
                  exchanges);
    tcase_add_test(tests, a_client_for_which_there_is_no_memory_is_closed);
    tcase_add_test(tests,
                   a_descriptor_that_can_not_be_registered_is_not_called);
    tcase_add_test(tests, a_poll_that_fails_for_want_of_memory_is_tried_again);
    tcase_add_test(tests, a_server_for_which_there_is_no_memory_does_not_start);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
