// test_lanes.c - what the user's name decides, seen from outside
//
// The gate holds the workers. No test knows which lane a user has: it asks the
// metrics.

#include "tests/stages/stages.h"
#include "tests/stages/tally.h"

#include <sys/resource.h>
#include <unistd.h>

enum { LANES_OF_IT = 4, CAPACITY = 5, USERS = 40 };
enum { OTHERS_MAX = (LANES_OF_IT - 1) * (CAPACITY + 1) }; // and with workers

static void start_held(struct server *server, struct gate *gate)
{
    ck_assert_msg(gate_open(gate) == 0, "no FIFO");
    start(server, "--work-gate", gate->path, "--capacity", "5", NULL);
}

static int post(struct client *client, const char *user)
{
    client_post_event(client, user, 1);
    ck_assert(client_wait(client, SOON));
    ck_assert_msg(client->status == 202 || client->status == 503, "%d",
                  client->status);
    return client->status;
}

static double waiting_in(const struct server *server, int lane)
{
    char name[40];
    snprintf(name, sizeof name, "thaw_lane_jobs{lane=\"%d\"}", lane);
    return client_metric(server->port, name);
}

static void assert_waiting_is_the_sum(const struct server *server)
{
    double sum = 0;
    for (int lane = 1; lane <= LANES_OF_IT; lane++)
        sum += waiting_in(server, lane);
    assert_metric(server, "thaw_channel_jobs", sum);
}

// One user fills a lane; the worker of that lane has one job more.
static void fill_lane(const struct server *server, struct client *client)
{
    ck_assert_int_eq(post(client, "hot"), 202);
    wait_for_metric(server, "thaw_busy_workers", 1);
    for (int i = 0; i < CAPACITY; i++)
        ck_assert_int_eq(post(client, "hot"), 202);
    ck_assert_int_eq(post(client, "hot"), 503);
}

START_TEST(a_busy_user_fills_its_lane_alone)
{
    struct server server;
    struct gate gate;
    struct client client;
    int accepted = 0;
    int full = 0;
    start_held(&server, &gate);
    client_open(&client, server.port);
    fill_lane(&server, &client);
    for (int i = 0; i < USERS; i++) {
        char user[16];
        snprintf(user, sizeof user, "user%d", i);
        accepted += post(&client, user) == 202;
        ck_assert_int_eq(post(&client, "hot"), 503);
    }
    // Three lanes have room for that many, if 40 names find all of them.
    ck_assert_int_ge(accepted, CAPACITY);
    ck_assert_int_le(accepted, OTHERS_MAX);
    for (int lane = 1; lane <= LANES_OF_IT; lane++)
        full += waiting_in(&server, lane) == CAPACITY;
    ck_assert_int_ge(full, 1);
    assert_waiting_is_the_sum(&server);
    assert_metric(&server, "thaw_channel_capacity_jobs",
                  LANES_OF_IT * CAPACITY);
    assert_metric(&server, "thaw_workers", LANES_OF_IT);
    gate_release(&gate, 1 + CAPACITY + accepted);
    wait_until_done(&server);
    assert_metric(&server, "thaw_channel_jobs", 0);
    client_close(&client);
    stop(&server);
    gate_close(&gate);
}
END_TEST

static int64_t balance_of(const struct server *server, int user)
{
    struct client client;
    char path[40];
    snprintf(path, sizeof path, "/balances/user%d", user);
    client_request_once(&client, server->port, "GET", path, NULL, SOON);
    assert_response(&client, 200);
    const char *found = strstr(client.body.bytes, "\"balance\":");
    ck_assert_ptr_nonnull(found);
    int64_t balance = strtoll(found + strlen("\"balance\":"), NULL, 10);
    client_close(&client);
    return balance;
}

START_TEST(every_user_is_in_all_balances_and_alone)
{
    struct server server;
    struct client client;
    start(&server, "--work-ms", "0", NULL);
    client_open(&client, server.port);
    for (int i = 0; i < USERS; i++) {
        char user[16];
        snprintf(user, sizeof user, "user%d", i);
        client_post_event(&client, user, i);
        assert_response(&client, 202);
    }
    wait_until_done(&server);
    client_request(&client, "GET", "/balances", NULL);
    assert_response(&client, 200);
    size_t length = strlen("{}\n") + USERS - 1;
    for (int i = 0; i < USERS; i++) {
        char entry[32];
        int size = snprintf(entry, sizeof entry, "\"user%d\":%d", i, i);
        ck_assert_ptr_nonnull(strstr(client.body.bytes, entry));
        ck_assert_int_eq(balance_of(&server, i), i);
        length += (size_t)size;
    }
    ck_assert_uint_eq(client.body.length, length);
    client_request(&client, "GET", "/balances/unknown", NULL);
    assert_response(&client, 404);
    client_request(&client, "HEAD", "/balances", NULL);
    assert_response(&client, 200);
    client_close(&client);
    stop(&server);
}
END_TEST

// Only the lane that works makes its readers wait, and no other client.
START_TEST(a_reader_waits_for_the_job_of_its_lane_alone)
{
    struct server server;
    struct gate gate;
    struct client client;
    struct client all;
    struct client own;
    start_held(&server, &gate);
    client_open(&client, server.port);
    client_open(&all, server.port);
    client_open(&own, server.port);
    fill_lane(&server, &client);
    client_request(&all, "GET", "/balances", NULL);
    client_request(&own, "GET", "/balances/hot", NULL);
    int others = 0;
    for (int i = 0; others < 3; i++) { // users of the other lanes
        struct client other;
        char path[40];
        snprintf(path, sizeof path, "/balances/user%d", i);
        others += client_request_once(&other, server.port, "GET", path, NULL,
                                      A_WHILE);
        client_close(&other);
    }
    ck_assert(!client_wait(&all, 1));
    ck_assert(!client_wait(&own, 1));
    assert_alive(&server);
    gate_release(&gate, 1);
    assert_response(&own, 200);
    assert_json(&own, "{\"user\":\"hot\",\"balance\":1}");
    assert_response(&all, 200);
    assert_json(&all, "{\"hot\":1}");
    gate_release(&gate, CAPACITY);
    wait_until_done(&server);
    client_close(&client);
    client_close(&all);
    client_close(&own);
    stop(&server);
    gate_close(&gate);
}
END_TEST

START_TEST(readers_may_leave_and_the_server_may_stop_before_the_response)
{
    enum { READERS = 20 };
    struct server server;
    struct gate gate;
    struct client client;
    struct client readers[READERS];
    start_held(&server, &gate);
    client_open(&client, server.port);
    fill_lane(&server, &client);
    for (int i = 0; i < READERS; i++) {
        client_open(&readers[i], server.port);
        client_request(&readers[i], "GET", "/balances", NULL);
    }
    // They are behind this request in the loop.
    assert_alive(&server);
    for (int i = 0; i < READERS; i += 2)
        client_reset(&readers[i]);
    server_signal(&server, SIGTERM);
    ck_assert(output_contains(&server.output, " stopping: ", SOON));
    gate_release(&gate, CAPACITY + 1);
    for (int i = 1; i < READERS; i += 2) {
        assert_response(&readers[i], 200);
        ck_assert_ptr_nonnull(strstr(readers[i].body.bytes, "{\"hot\":"));
    }
    close_all(readers, READERS);
    client_close(&client);
    ck_assert_int_eq(server_wait(&server, SOON), 0);
    ck_assert_int_eq(tally_of(&server).done, CAPACITY + 1);
    gate_close(&gate);
}
END_TEST

// Each line of a user has the next amount, and always the same worker.
START_TEST(the_events_of_each_user_are_done_in_order)
{
    enum { CLIENTS = 8, EACH = 40 };
    struct server server;
    struct client clients[CLIENTS];
    const char *const arguments[] = {"--work-ms", "0", NULL};
    start_prepared(&server, NULL, arguments);
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], server.port);
    for (int amount = 1; amount <= EACH; amount++) {
        for (int i = 0; i < CLIENTS; i++) {
            char user[16];
            snprintf(user, sizeof user, "user%d", i);
            client_post_event(&clients[i], user, amount);
        }
        ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
    }
    wait_until_done(&server);
    close_all(clients, CLIENTS);
    stop(&server);
    int next[CLIENTS] = {0};
    int workers[CLIENTS] = {0};
    const char *line = printed_after_start(&server);
    for (int i = 0; i < CLIENTS * EACH; i++) {
        int worker;
        int user;
        int amount;
        ck_assert_int_eq(
            sscanf(line, "worker %d: user%d +%d", &worker, &user, &amount), 3);
        ck_assert_int_eq(amount, ++next[user]);
        ck_assert(workers[user] == 0 || workers[user] == worker);
        workers[user] = worker;
        line = strchr(line, '\n') + 1;
    }
}
END_TEST

// The limit is that of each lane, so no user is failed before there are that
// many in all.
START_TEST(each_lane_has_its_own_limit_of_users)
{
    struct server server;
    struct client client;
    start(&server, "--work-ms", "0", "--users-max", "2", "--capacity", "100",
          NULL);
    client_open(&client, server.port);
    ck_assert_int_eq(post(&client, "alice"), 202);
    ck_assert_int_eq(post(&client, "bob"), 202);
    wait_for_metric(&server, "thaw_events_done_total", 2);
    for (int i = 0; i < USERS; i++) {
        char user[16];
        snprintf(user, sizeof user, "user%d", i);
        ck_assert_int_eq(post(&client, user), 202);
    }
    double failed = 0;
    do
        failed = client_metric(server.port, "thaw_events_failed_total");
    while (client_metric(server.port, "thaw_events_done_total") + failed <
           2 + USERS);
    ck_assert(failed >= 2 + USERS - 2 * LANES_OF_IT);
    ck_assert(failed < USERS);
    client_close(&client);
    stop(&server);
}
END_TEST

static void must_reject(const char *option, const char *value)
{
    struct server server;
    struct command command;
    char expected[64];
    const char *arguments[] = {option, value, NULL};
    snprintf(expected, sizeof expected, "lanes: %s: expected 1 to ", option);
    stage_command(&command, server_under_test(), arguments);
    ck_assert_int_eq(server_start(&server, &command, &(struct settings){0}),
                     -1);
    ck_assert_int_eq(server.exit_status, 2);
    ck_assert_msg(strstr(server.output.text, expected) != NULL, "%s",
                  server.output.text);
}

START_TEST(a_wrong_number_of_lanes_is_rejected_by_name)
{
    must_reject("--lanes", "0");
    must_reject("--lanes", "1001");
    must_reject("--lanes", "x");
    must_reject("--capacity", "0");
    must_reject("--users-max", "0");
}
END_TEST

#ifdef TEST_MEMORY
static void limit_memory(void)
{
    const struct rlimit limit = {64 << 20, RLIM_INFINITY}; // in bytes
    if (setrlimit(RLIMIT_AS, &limit) < 0)
        _exit(126);
}

START_TEST(lanes_without_memory_for_them_do_not_start)
{
    static const char *const arguments[][3] = {
        {"--capacity", "1000000", NULL},
        {"--users-max", "1000000", NULL},
    };
    for (int i = 0; i < 2; i++) {
        struct server server;
        struct command command;
        stage_command(&command, server_under_test(), arguments[i]);
        command.prepare = limit_memory;
        ck_assert_int_eq(server_start(&server, &command, &(struct settings){0}),
                         -1);
        ck_assert_int_eq(server.exit_status, 1);
        ck_assert_msg(strstr(server.output.text, "lanes: cannot ") != NULL,
                      "%s", server.output.text);
    }
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("lanes from outside");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, a_busy_user_fills_its_lane_alone);
    tcase_add_test(tests, every_user_is_in_all_balances_and_alone);
    tcase_add_test(tests, a_reader_waits_for_the_job_of_its_lane_alone);
    tcase_add_test(
        tests, readers_may_leave_and_the_server_may_stop_before_the_response);
    tcase_add_test(tests, the_events_of_each_user_are_done_in_order);
    tcase_add_test(tests, each_lane_has_its_own_limit_of_users);
    tcase_add_test(tests, a_wrong_number_of_lanes_is_rejected_by_name);
#ifdef TEST_MEMORY
    tcase_add_test(tests, lanes_without_memory_for_them_do_not_start);
#endif
    return unit_run(suite);
}
