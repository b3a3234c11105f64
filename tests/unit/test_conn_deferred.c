// test_conn_later.c - answers that are brought when the handler is long gone
//
// The handler puts every request off, but those for /now and /large. The test
// brings the answers, in whatever order it likes.

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
static void *put_off[CLIENTS]; // whom the answers must be brought to
static int put_off_count;

// More than a small socket takes in one go, less than ends a turn.
static void answer_large(struct http_response *response)
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
        answer_large(response);
    else if (response->deferred)
        put_off[put_off_count++] = response->conn;
    else
        respond_echo(response, request);
}

static void bring(int request, const char *text)
{
    const struct http_response response = {.status = HTTP_OK,
                                           .body = slice_of(text)};
    conn_complete(put_off[request], &response);
}

static void open_client(void)
{
    clients_init(handle);
    client = client_open();
}

static void expect(const char *answers)
{
    ck_assert_str_eq(client_responses(client), answers);
}

static void expect_closed(void)
{
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 0);
}

START_TEST(an_answer_can_be_brought_later)
{
    client_send(client, POST("5", "hello"));
    clients_iterate(3);
    expect("");
    bring(0, "there you are");
    clients_iterate(1);
    expect("200 there you are");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

START_TEST(the_connection_goes_on_after_it)
{
    for (int i = 0; i < 3; i++) {
        client_send(client, POST("5", "hello"));
        clients_iterate(1);
        bring(i, "yes");
        clients_iterate(1);
    }
    expect("200 yes, 200 yes, 200 yes");
}
END_TEST

static const int orders[][CLIENTS] = {
    {0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
static const char *const texts[CLIENTS] = {"a", "b", "c", "d", "e"};
static const char *const answers[CLIENTS] = {"200 a", "200 b", "200 c", "200 d",
                                             "200 e"};

START_TEST(each_connection_gets_its_own_answer_in_any_order)
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
        bring(next, texts[next]);
        clients_iterate(1);
        ck_assert_str_eq(client_responses(clients[next]), answers[next]);
    }
}
END_TEST

START_TEST(answers_brought_in_the_same_turn_all_arrive)
{
    struct client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], POST("5", "hello"));
        clients_iterate(1);
    }
    for (int i = 0; i < CLIENTS; i++)
        bring(i, texts[i]);
    clients_iterate(1);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_str_eq(client_responses(clients[i]), answers[i]);
}
END_TEST

START_TEST(what_was_answered_before_does_not_wait_for_it)
{
    client_send(client, NOW("3", "one") POST("3", "two"));
    clients_iterate(1);
    expect("200 one");
    bring(0, "two");
    clients_iterate(1);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(a_request_behind_it_waits)
{
    client_send(client, POST("3", "one") NOW("3", "two"));
    clients_iterate(3);
    expect("");
    bring(0, "one");
    clients_iterate(1);
    expect("200 one, 200 two");
    ck_assert_ptr_null(client->conn->pending);
}
END_TEST

// One after the other: the handler sees a request when the one before is done.
START_TEST(several_behind_each_other_are_handled_one_at_a_time)
{
    client_send(client, POST("1", "a") POST("1", "b") POST("1", "c"));
    for (int i = 0; i < 3; i++) {
        clients_iterate(3);
        ck_assert_int_eq(put_off_count, i + 1);
        bring(i, texts[i]);
    }
    clients_iterate(1);
    expect("200 a, 200 b, 200 c");
}
END_TEST

START_TEST(a_request_that_comes_while_it_is_awaited_is_not_lost)
{
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    client_send(client, NOW("3", "two"));
    clients_iterate(3);
    bring(0, "one");
    clients_iterate(2);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(half_a_request_behind_it_is_kept)
{
    client_send(client, POST("3", "one") "POST /now HTTP/1.1\r\nHost: a\r\n");
    clients_iterate(3);
    bring(0, "one");
    clients_iterate(2);
    expect("200 one");
    client_send(client, "Content-Length: 3\r\n\r\ntwo");
    clients_iterate(1);
    expect("200 one, 200 two");
}
END_TEST

START_TEST(a_rejected_request_behind_it_waits_too)
{
    client_send(client, POST("3", "one") "\n");
    clients_iterate(3);
    expect("");
    bring(0, "one");
    clients_iterate(2);
    const char *both = client_responses(client);
    ck_assert_int_eq(strncmp(both, "200 one, 400 ", 13), 0);
    ck_assert_ptr_nonnull(strstr(both, " (last), end"));
}
END_TEST

START_TEST(it_goes_behind_what_is_not_sent_yet)
{
    static const char end[] = "\r\n\r\nbrought";
    static const int small = SMALL;
    setsockopt(client->conn->socket, SOL_SOCKET, SO_SNDBUF, &small,
               sizeof small);
    client_send(client, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n" POST("0", ""));
    clients_iterate(3);
    ck_assert_uint_gt(client->conn->pending->out.length, 0);
    client_receive(client); // there is room now, and nobody used it yet
    bring(0, "brought");
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

START_TEST(it_remembers_what_the_request_asked_for)
{
    client_send(client, "HEAD / HTTP/1.0\r\n\r\n");
    clients_iterate(1);
    bring(0, "not for HEAD");
    clients_iterate(1);
    client_receive(client);
    const char *text = client->received.bytes;
    ck_assert_ptr_nonnull(strstr(text, "\r\nContent-Length: 12\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
    ck_assert_ptr_null(strstr(text, "not for HEAD"));
    ck_assert(client->ended);
}
END_TEST

START_TEST(a_client_that_shut_down_still_gets_it)
{
    client_send(client, POST("3", "one"));
    client_shutdown(client);
    clients_iterate(3);
    bring(0, "one");
    clients_iterate(2);
    expect("200 one, end");
    expect_closed();
}
END_TEST

// Whoever works on the answer still holds the connection.
START_TEST(a_client_that_left_does_no_harm)
{
    client_send(client, POST("3", "one"));
    clients_iterate(1);
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 1);
    bring(0, "one");
    expect_closed();
}
END_TEST

// Here the server knows that already, because the answer before found nobody.
START_TEST(a_client_that_left_with_two_requests_does_no_harm)
{
    client_send(client, NOW("3", "one") POST("3", "two"));
    client_close(client);
    clients_iterate(3);
    ck_assert_int_eq(server.conns.count, 1);
    bring(0, "two");
    expect_closed();
}
END_TEST

static Suite *conn_suite(void)
{
    Suite *suite = suite_create("conn later");
    TCase *tests = tcase_create("answers to come");
    tcase_add_checked_fixture(tests, open_client, clients_destroy);
    tcase_add_test(tests, an_answer_can_be_brought_later);
    tcase_add_test(tests, the_connection_goes_on_after_it);
    unit_add_rows(tests, each_connection_gets_its_own_answer_in_any_order,
                  orders);
    tcase_add_test(tests, answers_brought_in_the_same_turn_all_arrive);
    tcase_add_test(tests, what_was_answered_before_does_not_wait_for_it);
    tcase_add_test(tests, a_request_behind_it_waits);
    tcase_add_test(tests, several_behind_each_other_are_handled_one_at_a_time);
    tcase_add_test(tests, a_request_that_comes_while_it_is_awaited_is_not_lost);
    tcase_add_test(tests, half_a_request_behind_it_is_kept);
    tcase_add_test(tests, a_rejected_request_behind_it_waits_too);
    tcase_add_test(tests, it_goes_behind_what_is_not_sent_yet);
    tcase_add_test(tests, it_remembers_what_the_request_asked_for);
    tcase_add_test(tests, a_client_that_shut_down_still_gets_it);
    tcase_add_test(tests, a_client_that_left_does_no_harm);
    tcase_add_test(tests, a_client_that_left_with_two_requests_does_no_harm);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(conn_suite());
}
