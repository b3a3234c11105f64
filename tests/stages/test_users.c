// test_users.c - at the limit of users, no request takes long
//
// What a client waits for is measured as the processor time that the server
// uses meanwhile: other programs on a busy machine cannot change it.

#include "tests/stages/stages.h"

#include <math.h>
#include <time.h>

enum { CLIENTS = 16 };
enum { NAME_MAX_BYTES = 127 }; // of a user
enum { USERS_MAX = 2000 };     // the server's default
enum { ROUNDS = 50 };

// With this further option and its value, or NULL. No event is rejected because
// the channel is full.
static void start_roomy(struct server *stage, const char *option,
                        const char *value)
{
    if (stage_under_test() == 4)
        start(stage, "--work-ms", "0", option, value, NULL);
    else if (server_under_test() == LANES) // which counts users for each lane
        start(stage, "--work-ms", "0", "--capacity", "10000", "--lanes", "1",
              option, value, NULL);
    else
        start(stage, "--work-ms", "0", "--capacity", "10000", option, value,
              NULL);
}

static void post_as(struct client *client, const char *user, int status)
{
    client_post_event(client, user, 1);
    assert_response(client, status);
}

static void get_balances(struct client *client)
{
    client_request(client, "GET", "/balances", NULL);
}

// Only stage 4 knows it before it responds.
START_TEST(an_event_of_a_user_too_many_changes_nothing)
{
    bool is_deferred = stage_under_test() == 4;
    struct server stage;
    struct client client;
    start_roomy(&stage, "--users-max", "2");
    client_open(&client, stage.port);
    post_as(&client, "alice", status_of_an_event());
    post_as(&client, "bob", status_of_an_event());
    post_as(&client, "carol", is_deferred ? 507 : 202);
    if (is_deferred)
        assert_json(&client,
                    "{\"status\":\"error\",\"reason\":\"too_many_users\"}");
    post_as(&client, "alice", status_of_an_event());
    wait_for_metric(&stage, "thaw_events_done_total", 3);
    assert_metric(&stage, "thaw_events_failed_total", 1);
    get_balances(&client);
    assert_response(&client, 200);
    assert_json(&client, "{\"alice\":2,\"bob\":1}");
    client_close(&client);
    stop(&stage);
}
END_TEST

#ifdef TEST_MEMORY // no sanitizer, and Linux

// Of all its threads.
static double processor_ms(const struct server *stage)
{
    clockid_t clock;
    struct timespec time;
    ck_assert_int_eq(clock_getcpuclockid(stage->pid, &clock), 0);
    ck_assert_int_eq(clock_gettime(clock, &time), 0);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

// The user's name is as long as names may be.
static void post_user(struct client *client, int number)
{
    char user[NAME_MAX_BYTES + 1];
    snprintf(user, sizeof user, "%0*d", NAME_MAX_BYTES, number);
    client_post_event(client, user, -1000000000 - number);
}

// As many users as the server takes, but for the last ROUNDS.
static void add_users(struct client *clients)
{
    for (int added = 0; added < USERS_MAX - ROUNDS; added += CLIENTS) {
        for (int i = 0; i < CLIENTS; i++)
            post_user(&clients[i], added + i);
        ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
        for (int i = 0; i < CLIENTS; i++)
            ck_assert_int_eq(clients[i].status, status_of_an_event());
    }
}

static void open_all(struct client *clients, const struct server *stage)
{
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], stage->port);
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one;
    double b = *(const double *)other;
    return (a > b) - (a < b);
}

// How long a client waits that comes after `count` requests for all balances
// and a new user.
static double wait_after(const struct server *stage, struct client *clients,
                         int count, struct client *other)
{
    double before = processor_ms(stage);
    for (int i = 0; i < count; i++)
        get_balances(&clients[i]);
    client_request(other, "GET", "/health", NULL);
    assert_response(other, 200);
    double waited = processor_ms(stage) - before;
    ck_assert_int_eq(clients_wait(clients, count, SOON), count);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(clients[i].status, 200);
    return waited;
}

// Other programs on the machine only add to it: they empty the caches.
static double least_wait_after(const struct server *stage,
                               struct client *clients, int count,
                               struct client *other)
{
    enum { TRIES = 3 };
    double least = INFINITY;
    for (int i = 0; i < TRIES; i++)
        least = fmin(least, wait_after(stage, clients, count, other));
    return least;
}

static const int readers[] = {1, CLIENTS};

START_TEST(other_clients_wait_little_while_all_balances_are_read)
{
    struct server stage;
    struct client clients[CLIENTS];
    struct client other;
    double waits[ROUNDS];
    start_roomy(&stage, NULL, NULL);
    open_all(clients, &stage);
    add_users(clients);
    client_open(&other, stage.port);
    for (int round = 0; round < ROUNDS; round++) {
        post_user(&other, USERS_MAX - ROUNDS + round); // up to the limit
        assert_response(&other, status_of_an_event());
        waits[round] = least_wait_after(&stage, clients, readers[_i], &other);
    }
    qsort(waits, ROUNDS, sizeof waits[0], compare);
    ck_assert_msg(waits[ROUNDS - 2] < 10, "%d readers: %.1f ms, p50 %.1f",
                  readers[_i], waits[ROUNDS - 2], waits[ROUNDS / 2]);
    wait_until_done(&stage);
    assert_metric(&stage, "thaw_events_failed_total", 0);
    post_user(&other, USERS_MAX); // beyond it
    ck_assert(client_wait(&other, SOON));
    wait_for_metric(&stage, "thaw_events_failed_total", 1);
    client_close(&other);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

START_TEST(a_slow_reader_costs_little_processor_time)
{
    struct server stage;
    struct client clients[CLIENTS];
    struct client slow;
    start_roomy(&stage, NULL, NULL);
    open_all(clients, &stage);
    add_users(clients);
    wait_until_done(&stage);
    double before = processor_ms(&stage);
    client_open_narrow(&slow, stage.port);
    get_balances(&slow);
    while (!client_wait(&slow, 1) && !slow.ended)
        poll(NULL, 0, 1);
    ck_assert_int_eq(slow.status, 200);
    ck_assert_uint_gt(slow.body.length, (size_t)USERS_MAX * NAME_MAX_BYTES);
    double spent = processor_ms(&stage) - before;
    ck_assert_msg(spent < 10, "%.1f ms of processor time", spent);
    client_close(&slow);
    close_all(clients, CLIENTS);
    stop(&stage);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("users");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, an_event_of_a_user_too_many_changes_nothing);
#ifdef TEST_MEMORY
    unit_add_rows(tests, other_clients_wait_little_while_all_balances_are_read,
                  readers);
    tcase_add_test(tests, a_slow_reader_costs_little_processor_time);
#endif
    return unit_run(suite);
}
