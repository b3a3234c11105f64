// test_blocking.c - stage 1 waits for one client at a time
//
// These tests pin the defect of stage 1; test_connections.c pins the cure.
// Connections leave the backlog in the order in which they came, so the server
// waits for the client that connected first.

#include "tests/stages/stages.h"

enum { CROWD = 20 };

static void post_hello(struct client *client, const struct server *stage)
{
    client_open(client, stage->port);
    client_request(client, "POST", "/", "hello");
}

static void assert_echoed(struct client *client)
{
    assert_response(client, 200);
    assert_body(client, "hello");
    client_close(client);
}

static void assert_frozen(struct client *client)
{
    ck_assert_msg(!client_wait(client, A_WHILE), "a response: %d",
                  client->status);
    ck_assert(!client->ended);
}

START_TEST(one_silent_client_freezes_it_until_it_leaves)
{
    struct server stage;
    struct client silent;
    struct client good;
    start(&stage, NULL);
    client_open(&silent, stage.port);
    post_hello(&good, &stage);
    assert_frozen(&good);
    client_close(&silent);
    assert_echoed(&good);
    stop(&stage);
}
END_TEST

// The request lacks its last byte, and all other clients wait for that byte.
START_TEST(half_a_request_freezes_it_until_the_other_half)
{
    struct server stage;
    struct client half;
    struct client good;
    start(&stage, NULL);
    client_open(&half, stage.port);
    client_send(&half, slice_of("POST / HTTP/1.1\r\nHost: a\r\n"
                                "Content-Length: 5\r\n\r\nhell"));
    post_hello(&good, &stage);
    assert_frozen(&good);
    client_send(&half, slice_of("o"));
    assert_echoed(&half);
    assert_echoed(&good);
    stop(&stage);
}
END_TEST

START_TEST(it_is_frozen_until_the_last_silent_client_leaves)
{
    struct server stage;
    struct client crowd[CROWD];
    struct client good;
    start(&stage, NULL);
    for (int i = 0; i < CROWD; i++)
        client_open(&crowd[i], stage.port);
    post_hello(&good, &stage);
    assert_frozen(&good);
    close_all(crowd, CROWD - 1);
    assert_frozen(&good);
    client_close(&crowd[CROWD - 1]);
    assert_echoed(&good);
    stop(&stage);
}
END_TEST

// Each silent client costs the whole time-out, one after the other: a time-out
// alone helps no more than that.
START_TEST(a_time_out_heals_it_slowly)
{
    enum { SILENT = 4, TIMEOUT = 200 }; // in milliseconds
    struct server stage;
    struct client silent[SILENT];
    struct client good;
    start(&stage, "--timeout-ms", "200", NULL);
    int64_t began = clock_milliseconds();
    for (int i = 0; i < SILENT; i++)
        client_open(&silent[i], stage.port);
    post_hello(&good, &stage);
    assert_echoed(&good);
    const int least = SILENT * (TIMEOUT - 10); // the clocks are not the same
    int64_t passed = clock_milliseconds() - began;
    ck_assert_int_ge(passed, least);
    for (int i = 0; i < SILENT; i++)
        assert_ends(&silent[i]);
    close_all(silent, SILENT);
    stop(&stage);
}
END_TEST

START_TEST(a_reset_does_not_end_it)
{
    static const char *const beginnings[] = {
        "",
        "POST / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "nonsense\r\n",
    };
    struct server stage;
    struct client rude;
    start(&stage, NULL);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        for (int j = 0; j < CROWD; j++) {
            client_open(&rude, stage.port);
            client_send(&rude, slice_of(beginnings[i]));
            client_reset(&rude);
        }
    assert_alive(&stage);
    stop(&stage);
}
END_TEST

// The server waits for this client when the client resets its connection.
START_TEST(a_reset_wakes_it_when_it_waits_for_that_client)
{
    struct server stage;
    struct client rude;
    struct client good;
    start(&stage, NULL);
    client_open(&rude, stage.port);
    client_send(&rude, slice_of("POST / HTTP/1.1\r\n"));
    post_hello(&good, &stage);
    assert_frozen(&good);
    client_reset(&rude);
    assert_echoed(&good);
    stop(&stage);
}
END_TEST

// Each request is quick, so no client waits long: stage 1 serves such clients
// well.
START_TEST(a_hundred_at_once_get_their_responses_one_by_one)
{
    enum { CLIENTS = 100 };
    struct server stage;
    struct client clients[CLIENTS];
    start(&stage, NULL);
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], stage.port);
    for (int i = 0; i < CLIENTS; i++)
        client_request(&clients[i], "POST", "/", "hello");
    ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        assert_echoed(&clients[i]);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blocking");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, one_silent_client_freezes_it_until_it_leaves);
    tcase_add_test(tests, half_a_request_freezes_it_until_the_other_half);
    tcase_add_test(tests, it_is_frozen_until_the_last_silent_client_leaves);
    tcase_add_test(tests, a_time_out_heals_it_slowly);
    tcase_add_test(tests, a_reset_does_not_end_it);
    tcase_add_test(tests, a_reset_wakes_it_when_it_waits_for_that_client);
    tcase_add_test(tests, a_hundred_at_once_get_their_responses_one_by_one);
    return unit_run(suite);
}
