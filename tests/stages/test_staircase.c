// test_staircase.c - stage 4 does one piece of work at a time
//
// A thread holds the mutex while it works, and the work waits for a byte from
// the gate. So each byte ends the wait of exactly one client.

#include "tests/stages/stages.h"

enum { EVENTS = 10 };

static void open_gate(struct gate *gate)
{
    ck_assert_msg(gate_open(gate) == 0, "no FIFO");
}

// Returns when each event has a thread. All but one of these threads wait for
// the mutex.
static void post_events(const struct server *stage, struct client *clients,
                        int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], stage->port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_metric(stage, "thaw_events_accepted_total", count);
}

// How many of the responses say this balance.
static int count_balance(const struct client *clients, int count, int balance)
{
    char body[64];
    int found = 0;
    snprintf(body, sizeof body, "{\"status\":\"ok\",\"balance\":%d}\n",
             balance);
    for (int i = 0; i < count; i++)
        found += client_body_is(&clients[i], body);
    return found;
}

START_TEST(each_byte_in_the_gate_completes_one_response)
{
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, clients, EVENTS);
    ck_assert_int_eq(clients_wait(clients, EVENTS, A_WHILE), 0);
    for (int done = 1; done <= EVENTS; done++) {
        gate_release(&gate, 1);
        ck_assert_int_eq(wait_for_responses(clients, EVENTS, done), done);
        ck_assert_int_eq(count_balance(clients, EVENTS, done), 1);
        assert_metric(&stage, "thaw_events_done_total", done);
    }
    close_all(clients, EVENTS);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

START_TEST(requests_without_work_get_their_responses_at_once)
{
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client quick;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, clients, EVENTS);
    client_open(&quick, stage.port);
    client_request(&quick, "GET", "/health", NULL);
    assert_response(&quick, 200);
    client_post(&quick, "hello");
    assert_response(&quick, 400);
    client_request(&quick, "GET", "/other", NULL);
    assert_response(&quick, 404);
    ck_assert_int_eq(clients_wait(clients, EVENTS, 0), 0);
    gate_release(&gate, EVENTS);
    ck_assert_int_eq(clients_wait(clients, EVENTS, SOON), EVENTS);
    client_close(&quick);
    close_all(clients, EVENTS);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// Clients leave in three ways. After FIN and then RST, the server's next send
// raises SIGPIPE.
static void leave(struct client *client, int number)
{
    if (number % 3 == 1)
        client_half_close(client);
    if (number % 3 == 0)
        client_close(client);
    else
        client_reset(client);
}

// No client waits for the work any more, but it is done.
START_TEST(an_event_is_done_though_its_client_has_left)
{
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client reader;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, clients, EVENTS);
    for (int i = 0; i < EVENTS / 2; i++)
        leave(&clients[i], i);
    gate_release(&gate, EVENTS);
    wait_for_metric(&stage, "thaw_events_done_total", EVENTS);
    for (int i = EVENTS / 2; i < EVENTS; i++)
        assert_response(&clients[i], 200);
    ck_assert(client_request_once(&reader, stage.port, "GET", "/balances/alice",
                                  NULL, SOON));
    assert_json(&reader, "{\"user\":\"alice\",\"balance\":10}");
    client_close(&reader);
    close_all(clients + EVENTS / 2, EVENTS - EVENTS / 2);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// The server can't send the first response any more. When it finds that out,
// the second one is still to come.
START_TEST(a_client_may_leave_with_two_responses_to_come)
{
    static const struct slice both =
        SLICE("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
              "{\"user\":\"alice\",\"action\":\"b\",\"amount\":1}");
    struct server stage;
    struct gate gate;
    struct client client;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    for (int i = 0; i < EVENTS; i++) {
        client_open(&client, stage.port);
        client_send(&client, both);
        client_reset(&client);
    }
    assert_alive(&stage);
    gate_release(&gate, EVENTS);
    wait_until_done(&stage);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// Sends requests until one has to wait. The first may get quick responses: the
// server reads an event some time after the client sent it, and its thread
// takes the mutex some time after it is counted.
static void request_until_it_waits(struct client *client, const char *path)
{
    for (int i = 0; i < 1000; i++) {
        client_request(client, "GET", path, NULL);
        if (!client_wait(client, A_WHILE))
            return;
    }
    ck_abort_msg("GET %s never had to wait", path);
}

// To read a balance takes no time, but needs the mutex, which a thread holds
// for its work as well.
START_TEST(reading_a_balance_waits_for_the_work_of_others)
{
    struct server stage;
    struct gate gate;
    struct client client;
    struct client reader;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, &client, 1);
    client_open(&reader, stage.port);
    request_until_it_waits(&reader, "/balances");
    assert_alive(&stage);
    ck_assert_int_eq(reader.status, 0);
    gate_release(&gate, 1);
    assert_response(&reader, 200);
    assert_json(&reader, "{\"alice\":1}");
    assert_response(&client, 200);
    client_close(&reader);
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// The classic mistake: while the loop's thread works, it serves no client.
START_TEST(work_in_the_loop_blocks_every_client)
{
    struct server stage;
    struct gate gate;
    struct client client;
    struct client other;
    open_gate(&gate);
    start(&stage, "--work-in-loop", "--work-gate", gate.path, NULL);
    client_open(&client, stage.port);
    client_post_event(&client, "alice", 1);
    client_open(&other, stage.port);
    request_until_it_waits(&other, "/health");
    ck_assert_int_eq(client.status, 0);
    gate_release(&gate, 1);
    assert_response(&other, 200);
    assert_response(&client, 200);
    client_close(&other);
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("staircase");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, each_byte_in_the_gate_completes_one_response);
    tcase_add_test(tests, requests_without_work_get_their_responses_at_once);
    tcase_add_test(tests, an_event_is_done_though_its_client_has_left);
    tcase_add_test(tests, a_client_may_leave_with_two_responses_to_come);
    tcase_add_test(tests, reading_a_balance_waits_for_the_work_of_others);
    tcase_add_test(tests, work_in_the_loop_blocks_every_client);
    return unit_run(suite);
}
