// test_shutdown.c - a graceful shutdown loses nothing that was accepted
//
// A test sends the signal only when it knows the state of the server. When the
// server closes an idle connection, it has seen the signal.

#include "lib/base/process.h"
#include "tests/stages/launch.h"
#include "lab/system_limits.h"
#include "tests/stages/stages.h"
#include "tests/stages/tally.h"

#include <sys/socket.h>
#include <unistd.h>

// Opens a connection that the server has accepted, and that is idle.
static void open_idle(struct client *idle, const struct server *stage)
{
    ck_assert(
        client_request_once(idle, stage->port, "GET", "/health", NULL, SOON));
}

// Returns when the shutdown has begun.
static void begin_shutdown(const struct server *stage, struct client *idle)
{
    server_signal(stage, SIGTERM);
    assert_ends(idle);
    client_close(idle);
}

// A second signal that comes earlier is the same wish to stop.
static void signal_again(const struct server *stage)
{
    poll(NULL, 0, PROCESS_REPEAT_MS + 100);
    server_signal(stage, SIGTERM);
}

START_TEST(an_idle_server_stops_at_once_and_prints_its_tally)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct server stage;
    char line[64];
    for (int i = 0; i < 2; i++) {
        start(&stage, NULL);
        assert_alive(&stage);
        server_signal(&stage, signals[i]);
        ck_assert_int_eq(server_wait(&stage, SOON), 0);
        snprintf(line, sizeof line, "%s stopped: 1 requests\n",
                 stage_name(server_under_test()));
        ck_assert_str_eq(printed_after_start(&stage), line);
    }
}
END_TEST

START_TEST(idle_connections_are_closed_and_no_new_ones_accepted)
{
    struct server stage;
    struct client silent;
    struct client half;
    struct client idle;
    struct client late;
    start(&stage, "--shutdown-timeout-ms", "60000", NULL);
    client_open(&silent, stage.port);
    client_open(&half, stage.port);
    client_send(&half, slice_of("GET / HTTP/1.1\r\n"));
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    assert_ends(&silent);
    client_open(&late, stage.port);
    ck_assert(late.ended);
    ck_assert(!client_wait(&half, A_WHILE));
    ck_assert(!half.ended);
    client_close(&silent);
    client_close(&half);
    client_close(&late);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
}
END_TEST

// The server sleeps while the clients connect, so all of them are in the
// backlog when it sees the signal. Where the backlog holds enough, they are
// more than the server accepts in one loop iteration.
START_TEST(requests_from_before_the_signal_get_their_responses)
{
    enum { CROWD = SOMAXCONN > 600 ? 600 : 100 };
    struct server stage;
    struct client crowd[CROWD];
    limits_raise_descriptors(); // for the server, too
    start(&stage, NULL);
    server_signal(&stage, SIGSTOP);
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], stage.port);
        client_request(&crowd[i], "GET", "/health", NULL);
    }
    server_signal(&stage, SIGTERM);
    server_signal(&stage, SIGCONT);
    ck_assert_int_eq(clients_wait(crowd, CROWD, SOON), CROWD);
    close_all(crowd, CROWD);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).requests, CROWD);
}
END_TEST

// The client has the time of --shutdown-timeout-ms to finish its request.
START_TEST(an_unfinished_request_delays_the_shutdown_for_a_while_only)
{
    struct server stage;
    struct client client;
    start(&stage, "--shutdown-timeout-ms", "200", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("POST / HTTP/1.1\r\nHost: a\r\n"
                                  "Content-Length: 2\r\n\r\n{"));
    assert_alive(&stage);
    server_signal(&stage, SIGTERM);
    assert_response(&client, 408);
    assert_field(&client, "Connection", "close");
    assert_ends(&client);
    client_close(&client);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
}
END_TEST

START_TEST(a_request_that_is_finished_in_time_gets_its_response)
{
    struct server stage;
    struct client client;
    struct client idle;
    start(&stage, "--shutdown-timeout-ms", "60000", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("GET /health HTTP/1.1\r\nHost: a\r\n"));
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    ck_assert(!client_wait(&client, A_WHILE));
    client_send(&client, slice_of("\r\n"));
    assert_response(&client, 200);
    assert_field(&client, "Connection", "close");
    assert_ends(&client);
    client_close(&client);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).requests, 2);
}
END_TEST

// Accepted events are in a file, so no signal drops them.
static bool is_durable(void)
{
    return server_under_test() == DURABLE;
}

START_TEST(a_second_signal_ends_it_at_once)
{
    struct server stage;
    struct client half;
    struct client idle;
    start(&stage, "--shutdown-timeout-ms", "60000", NULL);
    client_open(&half, stage.port);
    client_send(&half, slice_of("GET / HTTP/1.1\r\n"));
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    signal_again(&stage);
    ck_assert_int_eq(server_wait(&stage, SOON), 1);
    const char *said = strstr(stage.output.text,
                              stage_under_test() < 4 || is_durable()
                                  ? " stopped at once: dropped 1 connections"
                                  : " stopped at once: dropped 0 accepted "
                                    "events and 1 connections");
    ck_assert_msg(said != NULL, "%s", stage.output.text);
    client_close(&half);
}
END_TEST

// One line, when a signal leaves something to do.
START_TEST(the_first_signal_says_what_another_one_does)
{
    struct server stage;
    struct client half;
    struct client idle;
    start(&stage, "--shutdown-timeout-ms", "200", NULL);
    client_open(&half, stage.port);
    client_send(&half, slice_of("GET / HTTP/1.1\r\n"));
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    const char *said = strstr(
        stage.output.text,
        stage_under_test() < 4
            ? " stopping: 1 requests are in progress; another signal, 1 s "
              "after the first, drops them\n"
            : " stopping: 1 requests are in progress, 0 accepted events are "
              "not done; another signal, 1 s after the first, drops the");
    ck_assert_msg(said != NULL, "%s", stage.output.text);
    ck_assert_ptr_nonnull(
        strstr(said, is_durable() ? " the requests alone: " : " drops them\n"));
    ck_assert_ptr_null(strstr(said + 1, " stopping: "));
    client_close(&half);
}
END_TEST

enum { EVENTS = 6 };

// Posts events that are accepted, and that no worker or thread can finish yet.
static void post_held(struct server *stage, struct gate *gate,
                      struct client *clients)
{
    ck_assert_msg(gate_open(gate) == 0, "no FIFO");
    start(stage, "--work-gate", gate->path, NULL);
    for (int i = 0; i < EVENTS; i++) {
        client_open(&clients[i], stage->port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_metric(stage, "thaw_events_accepted_total", EVENTS);
}

// The server prints its tally at the very end; before that, how many events are
// not done.
static void assert_runs_on(struct server *stage)
{
    ck_assert(
        output_contains(&stage->output, "accepted events are not done", SOON));
    ck_assert(!output_contains(&stage->output, " stopped: ", A_WHILE));
}

// In stage 4 the clients wait. In stages 5 and 6 the clients have their
// responses and have left; only the jobs are still there.
START_TEST(what_was_accepted_is_done_before_the_end)
{
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client idle;
    post_held(&stage, &gate, clients);
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    for (int i = 0; i < EVENTS && stage_under_test() > 4; i++) {
        assert_response(&clients[i], 202);
        client_close(&clients[i]);
    }
    assert_runs_on(&stage);
    gate_release(&gate, EVENTS);
    for (int i = 0; i < EVENTS && stage_under_test() == 4; i++) {
        assert_response(&clients[i], 200);
        client_close(&clients[i]);
    }
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).accepted, EVENTS);
    ck_assert_int_eq(tally_of(&stage).done, EVENTS);
    gate_close(&gate);
}
END_TEST

// Wrappers pass on a signal that the terminal has sent to the server already.
START_TEST(two_signals_may_be_one_wish)
{
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client idle;
    post_held(&stage, &gate, clients);
    open_idle(&idle, &stage);
    server_signal(&stage, _i == 0 ? SIGTERM : SIGINT);
    server_signal(&stage, SIGTERM);
    begin_shutdown(&stage, &idle);
    assert_runs_on(&stage);
    gate_release(&gate, EVENTS);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).done, EVENTS);
    close_all(clients, EVENTS);
    gate_close(&gate);
}
END_TEST

// timeout(1) signals the server, and then its process group, in which the
// server is, too. Under valgrind a server needs longer to start.
START_TEST(timeout_drops_nothing)
{
    const char *multiplier = getenv("CK_TIMEOUT_MULTIPLIER");
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.1f",
             multiplier != NULL ? 2 * strtod(multiplier, NULL) : 2);
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client idle;
    ck_assert_msg(gate_open(&gate) == 0, "no FIFO");
    const char *command[] = {"timeout", seconds,   NULL,          "--port",
                             "0",       "--quiet", "--work-gate", gate.path};
    launch(&stage, NULL, command, sizeof command / sizeof command[0]);
    launched(&stage);
    for (int i = 0; i < EVENTS; i++) {
        client_open(&clients[i], stage.port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_metric(&stage, "thaw_events_accepted_total", EVENTS);
    open_idle(&idle, &stage);
    assert_ends(&idle); // the signals have come
    client_close(&idle);
    assert_runs_on(&stage);
    gate_release(&gate, EVENTS);
    ck_assert_int_eq(server_wait(&stage, SOON), 124);
    ck_assert_int_eq(tally_of(&stage).accepted, EVENTS);
    ck_assert_int_eq(tally_of(&stage).done, EVENTS);
    close_all(clients, EVENTS);
    gate_close(&gate);
}
END_TEST

// ThreadSanitizer calls no handler for two signals that come at the same time.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOSES_SIGNALS
#endif
#elif defined(__SANITIZE_THREAD__)
#define LOSES_SIGNALS
#endif

static void add_two_signals(TCase *tests)
{
#ifndef LOSES_SIGNALS
    tcase_add_loop_test(tests, two_signals_may_be_one_wish, 0, 2);
    if (system("timeout 1 true") == 0)
        tcase_add_test(tests, timeout_drops_nothing);
#else
    (void)tests, (void)two_signals_may_be_one_wish, (void)timeout_drops_nothing;
#endif
}

START_TEST(a_second_signal_says_how_many_events_it_drops)
{
    // Workers of lanes without events have ended then, and are not joined.
    if (server_under_test() == LANES)
        setenv("TSAN_OPTIONS", "halt_on_error=1:report_thread_leaks=0", 1);
    struct server stage;
    struct gate gate;
    struct client clients[EVENTS];
    struct client idle;
    post_held(&stage, &gate, clients);
    gate_release(&gate, 2);
    wait_for_metric(&stage, "thaw_events_done_total", 2);
    open_idle(&idle, &stage);
    begin_shutdown(&stage, &idle);
    signal_again(&stage);
    ck_assert_int_eq(server_wait(&stage, SOON), 1);
    ck_assert_msg(strstr(stage.output.text,
                         is_durable()
                             ? "4 accepted events stay in "
                             : "dropped 4 accepted events and ") != NULL,
                  "%s", stage.output.text);
    close_all(clients, EVENTS);
    gate_close(&gate);
}
END_TEST

enum { STORM = 8 };

// All clients that are still connected post in parallel. Returns how many.
static int post_round(struct client *clients)
{
    int connected = 0;
    for (int i = 0; i < STORM; i++)
        if (!clients[i].ended) {
            client_post_event(&clients[i], "alice", 1);
            connected++;
        }
    return connected;
}

// The signal comes when every client has sent a request and none has read its
// response. The tally counts exactly the requests that got a response.
START_TEST(a_shutdown_in_a_storm_loses_nothing)
{
    struct server stage;
    struct client clients[STORM];
    int responses = 0;
    int accepted = 0;
    if (stage_under_test() >= 4)
        start(&stage, "--work-ms", "1", NULL);
    else
        start(&stage, NULL);
    for (int i = 0; i < STORM; i++)
        client_open(&clients[i], stage.port);
    for (int round = 0; post_round(clients) > 0; round++) {
        if (round == 50)
            server_signal(&stage, SIGTERM);
        responses += clients_wait(clients, STORM, SOON);
        for (int i = 0; i < STORM; i++)
            accepted += clients[i].status == status_of_an_event();
    }
    close_all(clients, STORM);
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).requests, responses);
    if (stage_under_test() >= 3)
        ck_assert_int_eq(tally_of(&stage).accepted, accepted);
    if (stage_under_test() >= 4)
        ck_assert_int_eq(tally_of(&stage).done, accepted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shutdown");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, an_idle_server_stops_at_once_and_prints_its_tally);
    tcase_add_test(tests, idle_connections_are_closed_and_no_new_ones_accepted);
    tcase_add_test(tests,
                   an_unfinished_request_delays_the_shutdown_for_a_while_only);
    tcase_add_test(tests, requests_from_before_the_signal_get_their_responses);
    tcase_add_test(tests, a_request_that_is_finished_in_time_gets_its_response);
    tcase_add_test(tests, a_second_signal_ends_it_at_once);
    tcase_add_test(tests, the_first_signal_says_what_another_one_does);
    tcase_add_test(tests, a_shutdown_in_a_storm_loses_nothing);
    if (stage_under_test() >= 4) {
        tcase_add_test(tests, what_was_accepted_is_done_before_the_end);
        add_two_signals(tests);
        tcase_add_test(tests, a_second_signal_says_how_many_events_it_drops);
    }
    return unit_run(suite);
}
