// test_staircase.c - stage 4 does one piece of work at a time
//
// The mutex is held around the work. The gate holds the work, so each byte that
// the test puts into it lets exactly one client go.

#include "tests/stages/stages.h"

enum { EVENTS = 10 };

static void open_gate(struct gate *gate)
{
    ck_assert_msg(gate_open(gate) == 0, "no FIFO");
}

// Each event has a thread from now on, and all but one of these threads wait
// for the mutex.
static void post_events(const struct stage *stage, struct client *clients,
                        int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], stage->port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_metric(stage, "thaw_events_accepted_total", count);
}

// How many of them were answered with this balance.
static int count_balance(const struct client *clients, int count, int balance)
{
    char body[64];
    int found = 0;
    snprintf(body, sizeof body, "{\"status\":\"ok\",\"balance\":%d}", balance);
    for (int i = 0; i < count; i++)
        found += client_body_is(&clients[i], body);
    return found;
}

START_TEST(each_byte_in_the_gate_answers_one_client)
{
    struct stage stage;
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

START_TEST(what_needs_no_work_is_answered_at_once)
{
    struct stage stage;
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

// Each in its own way; FIN and then RST makes the next send a SIGPIPE.
static void leave(struct client *client, int number)
{
    if (number % 3 == 1)
        client_half_close(client);
    if (number % 3 == 0)
        client_close(client);
    else
        client_reset(client);
}

// The work is done for nobody, but it is done.
START_TEST(a_client_that_leaves_takes_nothing_with_it)
{
    struct stage stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client later;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, clients, EVENTS);
    for (int i = 0; i < EVENTS / 2; i++)
        leave(&clients[i], i);
    gate_release(&gate, EVENTS);
    wait_for_metric(&stage, "thaw_events_done_total", EVENTS);
    for (int i = EVENTS / 2; i < EVENTS; i++)
        assert_response(&clients[i], 200);
    ck_assert(client_request_once(&later, stage.port, "GET", "/balances/alice",
                                  NULL, SOON));
    assert_body(&later, "{\"user\":\"alice\",\"balance\":10}");
    client_close(&later);
    close_all(clients + EVENTS / 2, EVENTS - EVENTS / 2);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// The first answer can't be sent any more; the second is still to come when the
// server finds that out.
START_TEST(a_client_may_leave_with_two_answers_to_come)
{
    static const struct slice both =
        SLICE("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
              "{\"user\":\"alice\",\"action\":\"b\",\"amount\":1}");
    struct stage stage;
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

// Asks until the answer does not come. An event is counted just before its
// thread takes the mutex, and read some time after it was sent: so the first
// answers may be quick.
static void ask_until_it_waits(struct client *client, const char *path)
{
    for (int i = 0; i < 1000; i++) {
        client_request(client, "GET", path, NULL);
        if (!client_wait(client, A_WHILE))
            return;
    }
    ck_abort_msg("GET %s never had to wait", path);
}

// To read a balance takes no time, but the mutex is held for the work as well.
START_TEST(who_only_looks_waits_for_the_work_of_others)
{
    struct stage stage;
    struct gate gate;
    struct client client;
    struct client reader;
    open_gate(&gate);
    start(&stage, "--work-gate", gate.path, NULL);
    post_events(&stage, &client, 1);
    client_open(&reader, stage.port);
    ask_until_it_waits(&reader, "/balances");
    assert_alive(&stage);
    ck_assert_int_eq(reader.status, 0);
    gate_release(&gate, 1);
    assert_response(&reader, 200);
    assert_body(&reader, "{\"alice\":1}");
    assert_response(&client, 200);
    client_close(&reader);
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// The classic mistake: the loop works, and so it serves nobody.
START_TEST(work_in_the_loop_holds_up_everybody)
{
    struct stage stage;
    struct gate gate;
    struct client client;
    struct client other;
    open_gate(&gate);
    start(&stage, "--work-in-loop", "--work-gate", gate.path, NULL);
    client_open(&client, stage.port);
    client_post_event(&client, "alice", 1);
    client_open(&other, stage.port);
    ask_until_it_waits(&other, "/health");
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
    tcase_add_test(tests, each_byte_in_the_gate_answers_one_client);
    tcase_add_test(tests, what_needs_no_work_is_answered_at_once);
    tcase_add_test(tests, a_client_that_leaves_takes_nothing_with_it);
    tcase_add_test(tests, a_client_may_leave_with_two_answers_to_come);
    tcase_add_test(tests, who_only_looks_waits_for_the_work_of_others);
    tcase_add_test(tests, work_in_the_loop_holds_up_everybody);
    return unit_run(suite);
}
