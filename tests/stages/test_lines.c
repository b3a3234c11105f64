// test_lines.c - what a person sees in the terminal of a server
//
// Stages 1 to 3 print a line when a client connects, gets its response and
// disconnects. Stages 4 to 6 print one for each event that is done.

#include "tests/stages/stages.h"

#include <unistd.h>

static void start_with_lines(struct stage *stage)
{
    static const char *const quick[] = {"--work-ms", "0", NULL};
    ck_assert_int_eq(stage_start(stage, stage_under_test(),
                                 stage_under_test() >= 4 ? quick : NULL),
                     0);
}

static void must_print(const struct stage *stage, const char *expected)
{
    char line[128];
    size_t length = 0;
    struct pollfd polled = {.fd = stage->output, .events = POLLIN};
    while (length + 1 < sizeof line && poll(&polled, 1, SOON) == 1 &&
           read(stage->output, line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
    ck_assert_msg(strcmp(line, expected) == 0, "it printed '%s'; expected '%s'",
                  line, expected);
}

static void must_print_nothing(const struct stage *stage)
{
    struct pollfd polled = {.fd = stage->output, .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, A_WHILE), 0);
}

static void post(struct client *client, const struct stage *stage,
                 const char *body)
{
    client_open(client, stage->port);
    client_send(client, slice_of("POST / HTTP/1.1\r\nHost: a\r\n"
                                 "Connection: close\r\n"));
    char last[128];
    snprintf(last, sizeof last, "Content-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    client_send(client, slice_of(last));
}

// The lesson of stages 1 and 2, in the server's terminal.
START_TEST(a_silent_client_is_seen_and_so_is_who_waits_for_it)
{
    struct stage stage;
    struct client silent;
    struct client good;
    bool freezes = stage_under_test() == 1;
    start_with_lines(&stage);
    client_open(&silent, stage.port);
    must_print(&stage, "client 1 connected");
    post(&good, &stage, "hello");
    if (freezes) {
        must_print_nothing(&stage);
        client_close(&silent);
        must_print(&stage, "client 1 disconnected");
    }
    must_print(&stage, "client 2 connected");
    must_print(&stage, stage_under_test() == 3
                           ? "client 2: POST / hello -> 400"
                           : "client 2: POST / hello -> 200");
    must_print(&stage, "client 2 disconnected");
    if (!freezes) {
        client_close(&silent);
        must_print(&stage, "client 1 disconnected");
    }
    client_close(&good);
    stop(&stage);
}
END_TEST

START_TEST(a_rejected_request_is_seen_with_its_fault)
{
    struct stage stage;
    struct client client;
    start_with_lines(&stage);
    client_open(&client, stage.port);
    client_send(&client, slice_of("hello\x1b[2J\r\n\r\n"));
    must_print(&stage, "client 1 connected");
    must_print(&stage, "client 1: (a control character) -> 400");
    client_close(&client);
    stop(&stage);
}
END_TEST

// A terminal may be stopped with Ctrl-S. This pipe is read when all is over.
START_TEST(no_client_waits_for_a_reader_of_the_lines)
{
    enum { REQUESTS = 1500 }; // their lines are more than a pipe keeps
    struct stage stage;
    struct client client;
    start_with_lines(&stage);
    for (int i = 0; i < REQUESTS; i++) {
        ck_assert(client_request_once(
            &client, stage.port, "POST", "/",
            "fifty bytes of a body make a line of eighty columns", SOON));
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

START_TEST(with_quiet_clients_are_not_seen)
{
    struct stage stage;
    struct client client;
    start(&stage, NULL);
    post(&client, &stage, "hello");
    client_wait(&client, SOON);
    client_close(&client);
    must_print_nothing(&stage);
    stop(&stage);
}
END_TEST

START_TEST(where_there_is_work_only_events_are_seen)
{
    struct stage stage;
    struct client client;
    start_with_lines(&stage);
    client_request_once(&client, stage.port, "GET", "/health", NULL, SOON);
    client_close(&client);
    client_open(&client, stage.port);
    client_post_event(&client, "alice", 7);
    must_print(&stage, stage_under_test() == 4 ? "thread: alice +7 = 7"
                                               : "worker 1: alice +7 = 7");
    client_close(&client);
    must_print_nothing(&stage);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *tests = add_tests(suite);
    if (stage_under_test() <= 3) {
        tcase_add_test(tests,
                       a_silent_client_is_seen_and_so_is_who_waits_for_it);
        tcase_add_test(tests, a_rejected_request_is_seen_with_its_fault);
        tcase_add_test(tests, no_client_waits_for_a_reader_of_the_lines);
        tcase_add_test(tests, with_quiet_clients_are_not_seen);
    } else {
        tcase_add_test(tests, where_there_is_work_only_events_are_seen);
    }
    return unit_run(suite);
}
