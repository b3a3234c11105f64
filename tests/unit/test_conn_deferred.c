// test_conn_deferred.c - responses that are completed after their handler
// returned
//
// The handler defers all responses but those to /now and /large. The tests
// complete them, in different orders.

#include "lib/service/respond.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>

enum { CLIENTS = 5 };
enum { LARGE = 32 * 1024, SMALL = 4096 }; // in bytes

#define NOW(length, body)                                                      \
    "POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n" body

static struct client *client;
static struct conn *deferred[CLIENTS]; // connections, in order of requests
static int deferred_count;

// More than a small socket takes at once, less than ends a batch of requests.
static void respond_large(struct http_response *response)
{
    static const char bytes[LARGE];
    response->status = HTTP_OK;
    response->body = (struct slice){bytes, sizeof bytes};
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    response->deferred =
        !slice_is(request->path, "/now") && !slice_is(request->path, "/large");
    if (slice_is(request->path, "/large"))
        respond_large(response);
    else if (response->deferred)
        deferred[deferred_count++] = response->conn;
    else
        respond_echo(response, request);
}

static void complete(int request, const char *text)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(text)};
    conn_complete(deferred[request], &response);
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

static void expect_closed(void)
{
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
}

START_TEST(a_response_can_be_completed_after_the_handler_returned)
{
    client_send(client, POST("5", "hello"));
    clients_iterate(3);
    expect("");
    complete(0, "there you are");
    clients_iterate(1);
    expect("200 there you are");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

START_TEST(the_next_request_is_served_after_it)
{
    for (int i = 0; i < 3; i++) {
        client_send(client, POST("5", "hello"));
        clients_iterate(1);
        complete(i, "yes");
        clients_iterate(1);
    }
    expect("200 yes, 200 yes, 200 yes");
}
END_TEST

static const int orders[][CLIENTS] = {
    {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
static const char *const texts[CLIENTS] = {"a", "b", "c", "d", "e"};
static const char *const responses[CLIENTS] = {"200 a", "200 b", "200 c",
                                               "200 d", "200 e"};

START_TEST(each_connection_gets_its_own_response_in_any_order)
{
    struct client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], POST("5", "hello"));
        clients_iterate(1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        int next = orders[_i][i];
        ck_assert_str_eq(client_responses(clients[next]), "");
        complete(next, texts[next]);
        clients_iterate(1);
        ck_assert_str_eq(client_responses(clients[next]), responses[next]);
    }
}
END_TEST

START_TEST(responses_completed_in_one_iteration_all_arrive)
{
    struct client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], POST("5", "hello"));
        clients_iterate(1);
    }
    for (int i = 0; i < CLIENTS; i++)
        complete(i, texts[i]);
    clients_iterate(1);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_str_eq(client_responses(clients[i]), responses[i]);
}
END_TEST

START_TEST(an_earlier_response_does_not_wait_for_it)
{
    client_send(client, NOW("3", "one") POST("3", "two"));
    clients_iterate(1);
    expect("200 one");
    complete(0, "two");
    clients_iterate(1);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(a_request_after_it_waits)
{
    client_send(client, POST("3", "one") NOW("3", "two"));
    clients_iterate(3);
    expect("");
    complete(0, "one");
    clients_iterate(1);
    expect("200 one, 200 two");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

// The handler sees a request after the response to the one before is complete.
START_TEST(several_deferred_requests_are_handled_one_by_one)
{
    client_send(client, POST("1", "a") POST("1", "b") POST("1", "c"));
    for (int i = 0; i < 3; i++) {
        clients_iterate(3);
        ck_assert_int_eq(deferred_count, i + 1);
        complete(i, texts[i]);
    }
    clients_iterate(1);
    expect("200 a, 200 b, 200 c");
}
END_TEST

START_TEST(a_request_that_arrives_while_it_is_deferred_is_not_lost)
{
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    client_send(client, NOW("3", "two"));
    clients_iterate(3);
    complete(0, "one");
    clients_iterate(2);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(an_incomplete_request_after_it_stays_pending)
{
    client_send(client, POST("3", "one") "POST /now HTTP/1.1\r\nHost: a\r\n");
    clients_iterate(3);
    complete(0, "one");
    clients_iterate(2);
    expect("200 one");
    client_send(client, "Content-Length: 3\r\n\r\ntwo");
    clients_iterate(1);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(a_request_after_it_that_is_rejected_waits_too)
{
    client_send(client, POST("3", "one") "\n");
    clients_iterate(3);
    expect("");
    complete(0, "one");
    clients_iterate(2);
    const char *both = client_responses(client);
    ck_assert_int_eq(strncmp(both, "200 one, 400 ", 13), 0);
    ck_assert_ptr_nonnull(strstr(both, " (final), end"));
}
END_TEST

START_TEST(it_is_sent_after_pending_responses)
{
    static const char end[] = "\r\n\r\ncompleted";
    static const int small = SMALL;
    setsockopt(client->conn->socket, SOL_SOCKET, SO_SNDBUF, &small,
               sizeof small);
    client_send(client, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n" POST("0", ""));
    clients_iterate(3);
    ck_assert_uint_gt(client->conn->pending->out.length, 0);
    client_receive(client); // there is room now, and it is not used yet
    complete(0, "completed");
    while (client->conn->pending != NULL) {
        client_receive(client);
        clients_iterate(1);
    }
    client_receive(client);
    struct slice all = buffer_slice(&client->received);
    ck_assert_uint_gt(all.length, LARGE);
    ck_assert(slice_is(slice_after(all, all.length - strlen(end)), end));
}
END_TEST

START_TEST(it_suits_the_method_and_version_of_its_request)
{
    client_send(client, "HEAD / HTTP/1.0\r\n\r\n");
    clients_iterate(1);
    complete(0, "not for HEAD");
    clients_iterate(1);
    client_receive(client);
    const char *text = client->received.bytes;
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 12\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
    ck_assert_ptr_null(strstr(text, "not for HEAD"));
    ck_assert(client->ended);
}
END_TEST

START_TEST(a_client_that_shut_down_its_side_still_gets_it)
{
    client_send(client, POST("3", "one"));
    client_shutdown(client);
    clients_iterate(3);
    complete(0, "one");
    clients_iterate(2);
    expect("200 one, end");
    expect_closed();
}
END_TEST

// A worker may still hold the connection.
START_TEST(a_client_that_left_does_no_harm)
{
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 1);
    complete(0, "one");
    expect_closed();
}
END_TEST

// The server notices before the completion, because sending the first response
// fails.
START_TEST(a_client_that_left_with_two_requests_does_no_harm)
{
    client_send(client, NOW("3", "one") POST("3", "two"));
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 1);
    complete(0, "two");
    expect_closed();
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn deferred");
    TCase *tests = tcase_create("deferred responses");
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests,
                   a_response_can_be_completed_after_the_handler_returned);
    tcase_add_test(tests, the_next_request_is_served_after_it);
    unit_add_rows(tests, each_connection_gets_its_own_response_in_any_order,
                  orders);
    tcase_add_test(tests, responses_completed_in_one_iteration_all_arrive);
    tcase_add_test(tests, an_earlier_response_does_not_wait_for_it);
    tcase_add_test(tests, a_request_after_it_waits);
    tcase_add_test(tests, several_deferred_requests_are_handled_one_by_one);
    tcase_add_test(tests,
                   a_request_that_arrives_while_it_is_deferred_is_not_lost);
    tcase_add_test(tests, an_incomplete_request_after_it_stays_pending);
    tcase_add_test(tests, a_request_after_it_that_is_rejected_waits_too);
    tcase_add_test(tests, it_is_sent_after_pending_responses);
    tcase_add_test(tests, it_suits_the_method_and_version_of_its_request);
    tcase_add_test(tests, a_client_that_shut_down_its_side_still_gets_it);
    tcase_add_test(tests, a_client_that_left_does_no_harm);
    tcase_add_test(tests, a_client_that_left_with_two_requests_does_no_harm);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
