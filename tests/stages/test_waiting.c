// test_waiting.c - clients that wait cost no processor time
//
// A server that spins sends the right responses, too. Only the processor time
// that it spends tells it apart.

#include "tests/stages/stages.h"

#include <sys/resource.h>
#include <unistd.h>

#define HALF_HEADER "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"

// The processor time of a process, in seconds; 0 where there is no /proc.
// Fields 14 and 15 have it; field 2 is a name in brackets, which may contain
// spaces (proc(5)).
static double processor_seconds(pid_t pid)
{
    char path[64];
    char line[1024] = "";
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    const char *after_name =
        fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    if (after_name != NULL)
        sscanf(after_name,
               ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
               &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

// Looks at a second in which nothing happens. The first seconds may still
// contain the end of earlier work.
static void assert_costs_nothing(const struct server *stage,
                                 struct client *clients, int count)
{
    double spent = 1;
    for (int i = 0; i < 5 && spent > 0.1; i++) {
        double before = processor_seconds(stage->pid);
        clients_wait(clients, count, 1000);
        spent = processor_seconds(stage->pid) - before;
    }
    ck_assert_msg(spent <= 0.1, "%.2f s in about one: it spins", spent);
}

// In each state a connection waits for something else.
START_TEST(a_waiting_client_costs_no_time)
{
    enum { IDLE, HEADER, BODY, SENDING, LINGERING, CLIENTS };
    struct server stage;
    struct client clients[CLIENTS];
    start(&stage, "--linger-timeout-ms", "60000", NULL);
    for (int i = 0; i < CLIENTS; i++)
        client_open_narrow(&clients[i], stage.port);
    client_send(&clients[HEADER], slice_of(HALF_HEADER));
    client_send(&clients[BODY], slice_of(HALF_HEADER "\r\n"));
    request_too_much(&clients[SENDING]);
    client_send(&clients[LINGERING], slice_of("nonsense\r\n"));
    assert_response(&clients[LINGERING], 400);
    assert_costs_nothing(&stage, clients, SENDING);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

// The server does not poll these connections while the work is to do: each
// would be readable all the time, because its end can be read.
START_TEST(a_client_that_left_before_its_response_costs_no_time)
{
    struct server stage;
    struct gate gate;
    struct client clients[2];
    ck_assert_int_eq(gate_open(&gate), 0);
    start(&stage, "--work-gate", gate.path, NULL);
    for (int i = 0; i < 2; i++) {
        client_open(&clients[i], stage.port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_metric(&stage, "thaw_events_accepted_total", 2);
    client_half_close(&clients[0]);
    client_reset(&clients[1]);
    assert_costs_nothing(&stage, clients, 1);
    gate_release(&gate, 2);
    assert_response(&clients[0], 200);
    client_close(&clients[0]);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

enum { DESCRIPTORS = 64 }; // of the server
enum { OWN = 24 };         // of these, those that are no connections, at most
enum { CLIENTS = 100 };

static void start_with_few_descriptors(struct server *stage)
{
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = DESCRIPTORS, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    start(stage, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static int close_finished(struct client *clients, int count)
{
    int closed = 0;
    for (int i = 0; i < count; i++)
        if (clients[i].status != 0 && clients[i].socket >= 0) {
            client_close(&clients[i]);
            closed++;
        }
    return closed;
}

static void request_all(const struct server *stage, struct client *clients,
                        int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], stage->port);
        client_request(&clients[i], "GET", "/health", NULL);
    }
}

// The other clients wait in the backlog, and cost nothing there.
START_TEST(as_many_clients_are_served_as_there_are_descriptors)
{
    struct server stage;
    struct client clients[CLIENTS];
    start_with_few_descriptors(&stage);
    request_all(&stage, clients, CLIENTS);
    wait_for_responses(clients, CLIENTS, DESCRIPTORS - OWN);
    assert_costs_nothing(&stage, clients, CLIENTS);
    int served = clients_wait(clients, CLIENTS, 0);
    ck_assert_int_lt(served, DESCRIPTORS);

    ck_assert_int_eq(close_finished(clients, CLIENTS), served);
    ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

START_TEST(a_client_that_leaves_makes_room_for_one_that_waits)
{
    struct server stage;
    struct client clients[CLIENTS];
    start_with_few_descriptors(&stage);
    request_all(&stage, clients, CLIENTS);
    int64_t end = clock_milliseconds() + SOON;
    for (int responded = 0; responded < CLIENTS;) {
        ck_assert_int_lt(clock_milliseconds(), end);
        int more = clients_wait(clients, CLIENTS, 10);
        ck_assert_int_lt(more - responded, DESCRIPTORS);
        responded = more;
        close_finished(clients, CLIENTS);
    }
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, a_waiting_client_costs_no_time);
    if (stage_under_test() == 4)
        tcase_add_test(tests,
                       a_client_that_left_before_its_response_costs_no_time);
    tcase_add_test(tests, as_many_clients_are_served_as_there_are_descriptors);
    tcase_add_test(tests, a_client_that_leaves_makes_room_for_one_that_waits);
    return unit_run(suite);
}
