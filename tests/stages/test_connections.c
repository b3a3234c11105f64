// test_connections.c - many clients on one thread: slow, silent, rude, or in a
// hurry

#include "tests/stages/stages.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEALTH "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
#define HALF "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n"

START_TEST(pipelined_requests_get_their_responses_in_order)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
                                  "POST / HTTP/1.1\r\nHost: a\r\n"
                                  "Content-Length: 3\r\n\r\ntwo"
                                  "GET /three HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (int i = 0; i < 3; i++) {
        static const int statuses[] = {200, 400, 404};
        static const char *const echoes[] = {"", "two", ""};
        assert_response(&client, stage_under_test() == 2 ? 200 : statuses[i]);
        if (stage_under_test() == 2)
            assert_body(&client, echoes[i]);
        client_next(&client);
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

#ifdef __linux__
static bool has_epoll(const struct server *stage)
{
    bool found = false;
    for (int descriptor = 3; descriptor < 32; descriptor++) {
        char path[64];
        char target[64] = "";
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)stage->pid,
                 descriptor);
        if (readlink(path, target, sizeof target - 1) > 0)
            found |= strcmp(target, "anon_inode:[eventpoll]") == 0;
    }
    return found;
}

// With THAW_BACKEND in the environment, every test here starts its server with
// that backend.
START_TEST(it_waits_in_epoll_if_it_was_told_to)
{
    struct server stage;
    const char *backend = getenv("THAW_BACKEND");
    start(&stage, NULL);
    assert_alive(&stage);
    ck_assert_int_eq(has_epoll(&stage),
                     backend != NULL && strcmp(backend, "epoll") == 0);
    stop(&stage);
}
END_TEST
#endif

enum { REQUESTS = 3000 };

// The server reads them in few pieces; the responses need many more writes.
static void request_in_one_piece(struct client *client)
{
    struct buffer requests = {0};
    for (int i = 0; i < REQUESTS; i++)
        buffer_add_text(&requests, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    client_send(client, buffer_slice(&requests));
    buffer_destroy(&requests);
}

START_TEST(thousands_of_pipelined_requests_all_get_responses)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open_narrow(&client, stage.port);
    request_in_one_piece(&client);
    for (int i = 0; i < REQUESTS; i++) {
        assert_response(&client, 200);
        client_next(&client);
    }
    ck_assert_uint_eq(client.in.length, 0);
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
    static const int on = 1;
    static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "3;x=y\r\none\r\n0\r\n\r\n";
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    setsockopt(client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        ck_assert(!client_wait(&client, 1));
        client_send(&client, (struct slice){request + i, 1});
    }
    assert_response(&client, stage_under_test() == 2 ? 200 : 400);
    client_close(&client);
    stop(&stage);
}
END_TEST

// The client sends nothing more, but still reads.
START_TEST(a_half_closed_client_still_gets_its_response)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client_post_event(&client, "alice", 1);
    client_half_close(&client);
    assert_response(&client, status_of_an_event());
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

static bool can_send(const struct client *client)
{
    static const char more[1024];
    struct pollfd polled = {.fd = client->socket, .events = POLLOUT};
    return poll(&polled, 1, SOON) == 1 &&
           send(client->socket, more, sizeof more, MSG_NOSIGNAL) > 0;
}

// If the server closed at once, the next bytes from the client would cause a
// reset, which destroys a response that the client has not read yet.
START_TEST(a_rejected_client_that_sends_on_is_not_reset)
{
    struct server stage;
    struct client client;
    start(&stage, "--linger-timeout-ms", "60000", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("nonsense\r\n"));
    for (int i = 0; i < 10000; i++)
        ck_assert_msg(can_send(&client), "reset after %d KiB", i);
    assert_response(&client, 400);
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

// Two lengths that differ: the server rejects the request at the end of its
// header section, while the client is still sending the body.
START_TEST(a_response_arrives_though_its_request_is_discarded)
{
    struct server stage;
    struct client client;
    struct buffer request = {0};
    start(&stage, NULL);
    buffer_add_text(&request, HALF "Content-Length: 51\r\n\r\n");
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&request, "0123456789");
    for (int i = 0; i < 20; i++) {
        client_open(&client, stage.port);
        client_send(&client, buffer_slice(&request));
        assert_response(&client, 400);
        client_close(&client);
    }
    buffer_destroy(&request);
    stop(&stage);
}
END_TEST

enum { CROWD = 20 };

static void open_crowd(struct client *crowd, int port, const char *bytes)
{
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], port);
        client_send(&crowd[i], slice_of(bytes));
    }
}

START_TEST(no_client_waits_for_silent_ones)
{
    static const char *const beginnings[] = {"", "G", HALF, HALF "\r\n{"};
    struct server stage;
    struct client crowd[CROWD];
    start(&stage, NULL);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        open_crowd(crowd, stage.port, beginnings[i]);
        assert_alive(&stage);
        ck_assert_int_eq(clients_wait(crowd, CROWD, 0), 0);
        close_all(crowd, CROWD);
    }
    stop(&stage);
}
END_TEST

// The reset of one connection does not disturb the others.
START_TEST(a_reset_is_the_end_of_one_connection)
{
    static const char *const beginnings[] = {"", HALF, HEALTH, HEALTH HEALTH};
    struct server stage;
    struct client crowd[CROWD];
    struct client staying;
    start(&stage, NULL);
    client_open(&staying, stage.port);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        open_crowd(crowd, stage.port, beginnings[i]);
        for (int j = 0; j < CROWD; j++)
            client_reset(&crowd[j]);
        client_request(&staying, "GET", "/health", NULL);
        assert_response(&staying, 200);
    }
    client_close(&staying);
    stop(&stage);
}
END_TEST

// After FIN and RST, the next send raises SIGPIPE, which ends a process that
// does not ignore it.
START_TEST(a_client_that_leaves_before_its_responses_does_no_harm)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    for (int i = 0; i < CROWD; i++) {
        client_open_narrow(&client, stage.port);
        request_in_one_piece(&client);
        assert_alive(&stage);
        client_half_close(&client);
        client_reset(&client);
    }
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connections");
    TCase *tests = add_tests(suite);
#ifdef __linux__
    tcase_add_test(tests, it_waits_in_epoll_if_it_was_told_to);
#endif
    tcase_add_test(tests, pipelined_requests_get_their_responses_in_order);
    tcase_add_test(tests, thousands_of_pipelined_requests_all_get_responses);
    tcase_add_test(tests, a_request_may_come_byte_by_byte);
    tcase_add_test(tests, a_half_closed_client_still_gets_its_response);
    tcase_add_test(tests, a_rejected_client_that_sends_on_is_not_reset);
    tcase_add_test(tests, a_response_arrives_though_its_request_is_discarded);
    tcase_add_test(tests, no_client_waits_for_silent_ones);
    tcase_add_test(tests, a_reset_is_the_end_of_one_connection);
    tcase_add_test(tests,
                   a_client_that_leaves_before_its_responses_does_no_harm);
    return unit_run(suite);
}
