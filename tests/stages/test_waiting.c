// test_waiting.c - clients that wait, and what they cost: nothing
//
// A server that spins gives the right answers, too. What it spends of the
// processor's time tells.

#include "tests/stages/stages.h"

#include <sys/resource.h>
#include <unistd.h>

#define HALF_A_HEAD "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"

// The time that a process has spent on a processor, in seconds; where there is
// no /proc, 0. It is in the 14th and 15th field, and the second is a name in
// brackets (proc(5)).
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
    const char *behind_name =
        fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    if (behind_name != NULL)
        sscanf(behind_name,
               ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
               &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

// For a second in which nothing happens. The one before may have seen the end
// of what happened earlier, but that ends.
static void assert_costs_nothing(const struct stage *stage,
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

// In each of these states a connection waits for something else.
START_TEST(whoever_waits_costs_no_time)
{
    enum { IDLE, HEAD, BODY, WRITING, LINGERING, CLIENTS };
    struct stage stage;
    struct client clients[CLIENTS];
    start(&stage, "--linger-timeout-ms", "60000", NULL);
    for (int i = 0; i < CLIENTS; i++)
        client_open_narrow(&clients[i], stage.port);
    client_send(&clients[HEAD], slice_of(HALF_A_HEAD));
    client_send(&clients[BODY], slice_of(HALF_A_HEAD "\r\n"));
    request_too_much(&clients[WRITING]);
    client_send(&clients[LINGERING], slice_of("nonsense\r\n"));
    assert_response(&clients[LINGERING], 400);
    assert_costs_nothing(&stage, clients, WRITING);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

// Nobody watches the connection meanwhile: its end would be there to be read
// again and again, and there is work to be done first.
START_TEST(whoever_left_and_has_an_answer_to_come_costs_no_time)
{
    struct stage stage;
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
enum { OWN = 24 };         // at most so many are no connections
enum { CLIENTS = 100 };

static void start_with_few_descriptors(struct stage *stage)
{
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = DESCRIPTORS, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    start(stage, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static int close_answered(struct client *clients, int count)
{
    int closed = 0;
    for (int i = 0; i < count; i++)
        if (clients[i].status != 0 && clients[i].socket >= 0) {
            client_close(&clients[i]);
            closed++;
        }
    return closed;
}

static void ask_all(const struct stage *stage, struct client *clients,
                    int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], stage->port);
        client_request(&clients[i], "GET", "/health", NULL);
    }
}

// The others wait in the backlog, and cost nothing there.
START_TEST(as_many_are_served_as_there_are_descriptors)
{
    struct stage stage;
    struct client clients[CLIENTS];
    start_with_few_descriptors(&stage);
    ask_all(&stage, clients, CLIENTS);
    wait_for_responses(clients, CLIENTS, DESCRIPTORS - OWN);
    assert_costs_nothing(&stage, clients, CLIENTS);
    int served = clients_wait(clients, CLIENTS, 0);
    ck_assert_int_lt(served, DESCRIPTORS);

    ck_assert_int_eq(close_answered(clients, CLIENTS), served);
    ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

START_TEST(whoever_leaves_makes_room_for_one_who_waits)
{
    struct stage stage;
    struct client clients[CLIENTS];
    start_with_few_descriptors(&stage);
    ask_all(&stage, clients, CLIENTS);
    int64_t end = clock_milliseconds() + SOON;
    for (int answered = 0; answered < CLIENTS;) {
        ck_assert_int_lt(clock_milliseconds(), end);
        int more = clients_wait(clients, CLIENTS, 10);
        ck_assert_int_lt(more - answered, DESCRIPTORS);
        answered = more;
        close_answered(clients, CLIENTS);
    }
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("waiting");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, whoever_waits_costs_no_time);
    if (stage_under_test() == 4)
        tcase_add_test(tests,
                       whoever_left_and_has_an_answer_to_come_costs_no_time);
    tcase_add_test(tests, as_many_are_served_as_there_are_descriptors);
    tcase_add_test(tests, whoever_leaves_makes_room_for_one_who_waits);
    return unit_run(suite);
}
