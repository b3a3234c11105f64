// test_balances.c - GET /balances from several lanes, from a client's request
// to its response

#include "beyond/lanes/balances.h"
#include "lib/service/respond.h"
#include "stage6_pool/pool.h"
#include "tests/unit/clients.h"
#include "tests/unit/gate.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdio.h>

#define GET(user) "GET /" user " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { LANES = 4, CAPACITY = 100, CLIENTS = 20 };

static struct balances balances;
static struct lanes lanes;
static struct mailbox responses;
static struct pool pool;
static struct gate gate; // the event of "gate" waits for it
static struct client *clients[CLIENTS];

static void *work(void *argument)
{
    const int *worker = argument;
    const struct job *job;
    int64_t balance;
    while (lanes_receive(&lanes, *worker, &job)) {
        if (strcmp(job->event.action, "wait") == 0)
            gate_pass(&gate);
        store_add(balances_of(&balances, *worker), job->event.user,
                  job->event.amount, &balance);
    }
    return NULL;
}

// The path is the name; "/" asks for all.
static void handle(const struct http_request *request,
                   struct http_response *response)
{
    char user[EVENT_NAME_MAX + 1];
    snprintf(user, sizeof user, "%.*s", (int)request->path.length - 1,
             request->path.bytes + 1);
    if (!balances_ask(&balances, &lanes, &responses, user, response))
        respond_busy(response);
}

static void open_balances(int count)
{
    clients_init(handle);
    balances.users_max = 10;
    ck_assert_int_eq(balances_init(&balances, count), 0);
    ck_assert_int_eq(lanes_init(&lanes, count, CAPACITY), 0);
    ck_assert_int_eq(lanes_register(&lanes, &server.loop), 0);
    ck_assert_int_eq(mailbox_init(&responses, &server.loop), 0);
    ck_assert_int_eq(pool_start(&pool, count, work), 0);
}

// After the last connection has closed.
static void close_balances(void)
{
    lanes_close(&lanes);
    pool_join(&pool);
    lanes_destroy(&lanes);
    balances_destroy(&balances);
}

static void end_balances(void)
{
    clients_destroy();
    close_balances();
}

static void add(const char *user, const char *action, int64_t amount)
{
    struct event event = {.amount = amount};
    snprintf(event.user, sizeof event.user, "%s", user);
    snprintf(event.action, sizeof event.action, "%s", action);
    ck_assert_int_eq(lanes_try_send(&lanes, &event, 0), CHANNEL_SENT);
}

static void wait_until_done(void)
{
    while (lanes_waiting(&lanes) > 0)
        clients_iterate(1);
}

static const char *response_to(const char *request)
{
    struct client *client = client_open();
    client_send(client, request);
    while (strcmp(client_responses(client), "") == 0 ||
           strstr(client_responses(client), "incomplete") != NULL)
        client_wait(client);
    return client_responses(client);
}

static const int counts[] = {1, 2, LANES};

START_TEST(without_users_all_balances_are_an_empty_object)
{
    open_balances(counts[_i]);
    ck_assert_str_eq(response_to(GET("")), "200 {}\n");
    end_balances();
}
END_TEST

// Most of the lanes are empty, and any of them may have the user.
START_TEST(one_user_is_found_in_all_balances_and_alone)
{
    open_balances(counts[_i]);
    add("alice", "buy", 100);
    wait_until_done();
    ck_assert_str_eq(response_to(GET("")), "200 {\"alice\":100}\n");
    ck_assert_str_eq(response_to(GET("alice")),
                     "200 {\"user\":\"alice\",\"balance\":100}\n");
    ck_assert_ptr_nonnull(strstr(response_to(GET("bob")), "404 "));
    end_balances();
}
END_TEST

// A name may have braces and commas, of which the parts must keep each.
static const char *const users[] = {"alice", "bob", "{}",    "a,b",
                                    "\"",    "}{",  "carol", "dave"};
enum { USERS = sizeof users / sizeof users[0] };

START_TEST(each_user_is_in_all_balances_once)
{
    static const char *const written[] = {
        "\"alice\":-1", "\"bob\":-1", "\"{}\":-1",    "\"a,b\":-1",
        "\"\\\"\":-1",  "\"}{\":-1",  "\"carol\":-1", "\"dave\":-1"};
    size_t length = strlen("200 {}\n") + USERS - 1; // and a comma between two
    open_balances(counts[_i]);
    for (int i = 0; i < USERS; i++)
        add(users[i], "buy", -1);
    wait_until_done();
    const char *response = response_to(GET(""));
    for (int i = 0; i < USERS; i++) {
        ck_assert_ptr_nonnull(strstr(response, written[i]));
        length += strlen(written[i]);
    }
    ck_assert_uint_eq(strlen(response), length);
    ck_assert_ptr_null(strstr(response, ",,"));
    end_balances();
}
END_TEST

START_TEST(each_request_gets_its_response_in_order)
{
    open_balances(LANES);
    add("alice", "buy", 7);
    wait_until_done();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], GET("alice") GET("") GET("alice"));
    }
    for (int i = 0; i < CLIENTS; i++)
        while (strcmp(client_responses(clients[i]),
                      "200 {\"user\":\"alice\",\"balance\":7}\n, "
                      "200 {\"alice\":7}\n, "
                      "200 {\"user\":\"alice\",\"balance\":7}\n") != 0)
            client_wait(clients[i]);
    end_balances();
}
END_TEST

// One lane works; the loop and the other lanes go on.
static void hold_a_lane(void)
{
    gate_init(&gate, 2);
    add("held", "wait", 1);
    while (lanes_waiting(&lanes) > 0)
        clients_iterate(1);
}

// The name of a user who has another lane.
static const char *free_user(void)
{
    static char name[16];
    int number = 0;
    do
        snprintf(name, sizeof name, "user%d", number++);
    while (lanes_worker_of(&lanes, name) == lanes_worker_of(&lanes, "held"));
    return name;
}

START_TEST(a_lane_that_works_holds_up_its_own_users_only)
{
    char request[80];
    struct client *client;
    open_balances(LANES);
    hold_a_lane();
    client = client_open();
    client_send(client, GET(""));
    clients_iterate(5);
    snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n",
             free_user());
    ck_assert_ptr_nonnull(strstr(response_to(request), "404 "));
    ck_assert_str_eq(client_responses(client), "");
    gate_pass(&gate);
    client_wait(client);
    ck_assert_str_eq(client_responses(client), "200 {\"held\":1}\n");
    end_balances();
}
END_TEST

// The response comes between two jobs, and not after all that wait.
START_TEST(a_full_lane_responds_before_its_next_job)
{
    open_balances(1);
    hold_a_lane();
    for (int i = 0; i < CAPACITY; i++)
        add("held", "buy", 1);
    struct client *client = client_open();
    client_send(client, GET("held"));
    clients_iterate(5);
    ck_assert_str_eq(client_responses(client), "");
    gate_pass(&gate);
    client_wait(client);
    ck_assert_str_eq(client_responses(client),
                     "200 {\"user\":\"held\",\"balance\":1}\n");
    end_balances();
}
END_TEST

START_TEST(clients_may_leave_before_their_response)
{
    open_balances(LANES);
    hold_a_lane();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], i % 2 == 0 ? GET("") : GET("held"));
    }
    clients_iterate(5);
    for (int i = 0; i < CLIENTS; i++)
        client_close(clients[i]);
    clients_iterate(5);
    gate_pass(&gate);
    while (server.conns.count > 0)
        clients_run_for(1);
    end_balances();
}
END_TEST

START_TEST(a_graceful_shutdown_waits_for_the_lanes)
{
    open_balances(LANES);
    hold_a_lane();
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = client_open();
        client_send(clients[i], GET(""));
    }
    clients_iterate(5);
    server.conns.timeouts_ms[CONN_LINGERING] = 1; // in milliseconds
    ck_assert_int_eq(conns_stop(&server.conns), CLIENTS);
    clients_iterate(5);
    gate_pass(&gate);
    ck_assert_int_eq(loop_run(&server.loop), 0); // until the last has closed
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_str_eq(client_responses(clients[i]),
                         "200 {\"held\":1}\n (final), end");
    end_balances();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("balances");
    TCase *tests = tcase_create("balances");
    tcase_set_timeout(tests, 30); // in seconds
    unit_add_rows(tests, without_users_all_balances_are_an_empty_object,
                  counts);
    unit_add_rows(tests, one_user_is_found_in_all_balances_and_alone, counts);
    unit_add_rows(tests, each_user_is_in_all_balances_once, counts);
    tcase_add_test(tests, each_request_gets_its_response_in_order);
    tcase_add_test(tests, a_lane_that_works_holds_up_its_own_users_only);
    tcase_add_test(tests, a_full_lane_responds_before_its_next_job);
    tcase_add_test(tests, clients_may_leave_before_their_response);
    tcase_add_test(tests, a_graceful_shutdown_waits_for_the_lanes);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
