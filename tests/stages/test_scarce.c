// test_scarce.c - descriptors, threads and memory run out under load
//
// Then a client gets a 503, or the server closes its connection. The server
// never ends, and works as before when the load has gone.

#include "lab/system_limits.h"
#include "stage4_slow/thread.h"
#include "tests/stages/stages.h"
#include "tests/stages/tally.h"

#include <sys/resource.h>
#include <unistd.h>

_Static_assert((int)LIMITS_STACK == (int)THREAD_STACK,
               "the lab asks the system for threads as stage 4 has them");

static int scarce_resource;
static rlim_t scarce_value;

// In the server's process.
static void limit(void)
{
    struct rlimit limit;
    if (getrlimit(scarce_resource, &limit) < 0)
        _exit(126);
    limit.rlim_cur = scarce_value;
    if (setrlimit(scarce_resource, &limit) < 0)
        _exit(126);
}

static void start_with(int resource, rlim_t value, struct server *stage,
                       const char *option, const char *option_value)
{
    const char *arguments[] = {"--quiet", option, option_value, NULL};
    scarce_resource = resource;
    scarce_value = value;
    start_prepared(stage, limit, arguments);
}

enum {
    DESCRIPTORS = 64, // of a server
    OWN = 24,         // of these, those that are no connections, at most
    CROWD = 100,
};

static bool ends_politely(struct client *client)
{
    client_next(client);
    client_wait(client, SOON);
    return client->ended && !client->was_reset && client->in.length == 0;
}

// Most clients wait in the backlog when the signal comes: the server has no
// descriptor for them before other connections are closed.
START_TEST(clients_that_wait_for_a_descriptor_get_a_response_before_the_end)
{
    struct server stage;
    struct client crowd[CROWD];
    start_with(RLIMIT_NOFILE, DESCRIPTORS, &stage, NULL, NULL);
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], stage.port);
        client_request(&crowd[i], "GET", "/health", NULL);
    }
    int responded = wait_for_responses(crowd, CROWD, DESCRIPTORS - OWN);
    ck_assert_int_lt(responded, CROWD);
    server_signal(&stage, SIGTERM);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_msg(client_wait(&crowd[i], SOON), "client %d: no response",
                      i);
        ck_assert_msg(ends_politely(&crowd[i]), "client %d", i);
        client_close(&crowd[i]);
    }
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
    ck_assert_int_eq(tally_of(&stage).requests, CROWD);
}
END_TEST

// Without a request there is no response.
START_TEST(silent_clients_in_the_backlog_are_closed_politely)
{
    struct server stage;
    struct client crowd[CROWD];
    start_with(RLIMIT_NOFILE, DESCRIPTORS, &stage, "--shutdown-timeout-ms",
               "50");
    for (int i = 0; i < CROWD; i++)
        client_open(&crowd[i], stage.port);
    server_signal(&stage, SIGTERM);
    for (int i = 0; i < CROWD; i++) {
        ck_assert_msg(ends_politely(&crowd[i]), "client %d", i);
        client_close(&crowd[i]);
    }
    ck_assert_int_eq(server_wait(&stage, SOON), 0);
}
END_TEST

// Every client gets a 200 or a 503. Returns how many get a 503.
static int count_busy(struct client *crowd)
{
    int busy = 0;
    ck_assert_int_eq(clients_wait(crowd, CROWD, SOON), CROWD);
    for (int i = 0; i < CROWD; i++) {
        ck_assert(crowd[i].status == 200 || crowd[i].status == 503);
        busy += crowd[i].status == 503;
    }
    return busy;
}

static void post_held(struct server *stage, const struct gate *gate)
{
    struct client crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], stage->port);
        client_post_event(&crowd[i], "alice", 1);
    }
    // The first client without a thread gets its 503 at once.
    wait_for_responses(crowd, CROWD, 1);
    wait_for_metric(stage, "thaw_events_rejected_total", 1);
    assert_alive(stage);
    gate_release(gate, CROWD);
    int busy = count_busy(crowd);
    ck_assert_int_gt(busy, 0);
    ck_assert_int_lt(busy, CROWD);
    close_all(crowd, CROWD);
    assert_metric(stage, "thaw_events_rejected_total", busy);
    assert_metric(stage, "thaw_events_done_total", CROWD - busy);
}

static void assert_works_again(struct server *stage)
{
    struct client client;
    client_open(&client, stage->port);
    client_post_event(&client, "alice", 1);
    assert_response(&client, status_of_an_event());
    client_close(&client);
    stop(stage);
}

static void run_out_of_threads(int resource, rlim_t value)
{
    struct server stage;
    struct gate gate;
    ck_assert_msg(gate_open(&gate) == 0, "no FIFO");
    start_with(resource, value, &stage, "--work-gate", gate.path);
    post_held(&stage, &gate);
    assert_works_again(&stage);
    gate_close(&gate);
}

// The kernel counts processes and threads for each user, but not for root. So
// become a user that has none yet.
static bool become_another_user(void)
{
    enum { A_USER = 61337 };
    if (getuid() == 0 && setuid(A_USER) < 0)
        return false;
    return getuid() == A_USER && access(stage_path(4), X_OK) == 0 &&
           access(limits_tmpdir(), W_OK) == 0;
}

START_TEST(without_a_thread_an_event_is_a_503)
{
    enum { THREADS = 40 };
    if (become_another_user())
        run_out_of_threads(RLIMIT_NPROC, THREADS);
    else
        fprintf(stderr, "skipped: it needs root, to become another user who "
                        "can use the build and TMPDIR\n");
}
END_TEST

#ifdef TEST_MEMORY
enum {
    MEMORY_MAX = 160 * 1024 * 1024, // in bytes, of address space
    BODY = 2 * 1024 * 1024,         // in bytes; a buffer for it is twice that
    BODIES = 80,
    THREADS_MAX = 20 * 1024 * 1024, // in bytes, for less than 80 small stacks
};

START_TEST(without_memory_for_a_thread_an_event_is_a_503)
{
    run_out_of_threads(RLIMIT_AS, THREADS_MAX);
}
END_TEST

// All of a request but the last byte of its body.
static void send_most(struct client *client)
{
    struct buffer request = {0};
    static char body[BODY - 1];
    buffer_add_format(&request,
                      "POST / HTTP/1.1\r\nHost: a\r\n"
                      "Content-Length: %d\r\n\r\n",
                      BODY);
    buffer_add(&request, (struct slice){body, sizeof body});
    client_send(client, buffer_slice(&request));
    buffer_destroy(&request);
    client_flush(client, SOON);
}

START_TEST(without_memory_for_a_body_its_connection_is_closed)
{
    struct server stage;
    struct client crowd[BODIES];
    struct client client;
    start_with(RLIMIT_AS, MEMORY_MAX, &stage, "--body-max-bytes", "4000000");
    for (int i = 0; i < BODIES; i++) {
        client_open(&crowd[i], stage.port);
        send_most(&crowd[i]);
    }
    int ended = 0;
    clients_wait(crowd, BODIES, A_WHILE);
    for (int i = 0; i < BODIES; i++)
        ended += crowd[i].ended;
    ck_assert_int_gt(ended, 0);
    ck_assert_int_lt(ended, BODIES);
    close_all(crowd, BODIES);
    client_open(&client, stage.port);
    send_most(&client);
    client_send(&client, slice_of("x"));
    assert_response(&client, stage_under_test() == 2 ? 200 : 400);
    client_close(&client);
    stop(&stage);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("scarce");
    TCase *tests = add_tests(suite);
    tcase_add_test(
        tests,
        clients_that_wait_for_a_descriptor_get_a_response_before_the_end);
    tcase_add_test(tests, silent_clients_in_the_backlog_are_closed_politely);
    if (stage_under_test() == 4)
        tcase_add_test(tests, without_a_thread_an_event_is_a_503);
#ifdef TEST_MEMORY
    if (stage_under_test() == 4)
        tcase_add_test(tests, without_memory_for_a_thread_an_event_is_a_503);
    tcase_add_test(tests, without_memory_for_a_body_its_connection_is_closed);
#endif
    return unit_run(suite);
}
