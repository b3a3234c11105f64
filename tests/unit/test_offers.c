// test_offers.c - what a client hears, whatever becomes of the database
//
// A handler offers each request's body as an event; its Idempotency-Key is "k"
// if the path is /k. GET asks for the balances.

#include "beyond/shared/offers.h"
#include "lib/base/clock.h"
#include "lib/service/metrics.h"
#include "tests/unit/clients.h"
#include "tests/unit/fake_postgres.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define OFFER POST("1", "a")
#define OFFER_WITH_KEY                                                         \
    "POST /k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na"
#define LOOK_UP "GET /balances HTTP/1.1\r\nHost: a\r\n\r\n"
#define LOOK_UP_ALICE "GET /balances/alice HTTP/1.1\r\nHost: a\r\n\r\n"

#define ACCEPTED "202 {\"status\":\"accepted\"}\n"
#define BUSY "503 {\"status\":\"rejected\",\"reason\":\"server_busy\"}\n"
#define UNAVAILABLE                                                            \
    "503 {\"status\":\"error\",\"reason\":\"database_unavailable\"}\n"
#define UNKNOWN "504 {\"status\":\"error\",\"reason\":\"outcome_unknown\""

// A test that waits for a time-out has a short one.
enum { SOON_MS = 20000, TIMEOUT_MS = 10000, SHORT_MS = 300 };

static struct offers offers;
static struct place place;
static struct client *client;

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event = {.user = "alice", .action = "buy", .amount = 1};
    if (slice_is(request->path, "/balances"))
        offers_look_up(&offers, "", response);
    else if (slice_is(request->path, "/balances/alice"))
        offers_look_up(&offers, "alice", response);
    else
        offers_submit(&offers, &event, slice_is(request->path, "/k") ? "k" : "",
                      response);
}

#define run_until(condition)                                                   \
    for (int64_t end = clock_milliseconds() + SOON_MS; !(condition);           \
         clients_run_for(1))                                                   \
    ck_assert_msg(clock_milliseconds() < end, "not yet: " #condition)

static void start_offers(int connections, int waiting_max)
{
    offers.connections = connections;
    offers.waiting_max = waiting_max;
    offers.timeout_ms = TIMEOUT_MS;
    offers.listed_max = 3;
    offers.expired_ms = clock_milliseconds(); // so it deletes no keys now
    place = (struct place){.conninfo = fake_conninfo(), .schema = "thaw"};
    ck_assert_int_eq(offers_init(&offers, &server.loop, &place, "shared"), 0);
    offers.expired_ms = clock_milliseconds() + 3600000; // and not later
}

static void set_up(void)
{
    clients_init(handle);
    fake_start(&server.loop);
    fake.text = "accepted";
    client = client_open();
}

static void tear_down(void)
{
    fake_close_connections();
    clients_run_for(50); // so what is deferred ends, too
    clients_destroy();
    offers_destroy(&offers);
}

static void wait_for(struct client *of, const char *expected)
{
    int64_t end = clock_milliseconds() + SOON_MS;
    while (strncmp(client_responses(of), expected, strlen(expected)) != 0) {
        ck_assert_msg(clock_milliseconds() < end, "came: %s; expected: %s",
                      client_responses(of), expected);
        clients_run_for(1);
    }
}

static void connect_all(void)
{
    run_until(fake.setups == offers.connections);
    clients_iterate(5); // so that each knows it
}

START_TEST(it_is_202_when_it_is_committed)
{
    start_offers(2, 10);
    client_send(client, OFFER);
    wait_for(client, ACCEPTED);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 1);
}
END_TEST

// The connections are made when the program starts; the first client need not
// come later.
START_TEST(a_request_waits_for_the_first_connection)
{
    start_offers(1, 10);
    client_send(client, OFFER);
    clients_iterate(1);
    ck_assert_str_eq(client_responses(client), "");
    wait_for(client, ACCEPTED);
}
END_TEST

START_TEST(it_is_503_server_busy_when_no_slot_is_free)
{
    start_offers(1, 10);
    fake.text = "full";
    client_send(client, OFFER_WITH_KEY);
    wait_for(client, BUSY);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_REJECTED), 1);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 0);
}
END_TEST

START_TEST(a_repeated_key_is_202_and_is_not_counted)
{
    start_offers(1, 10);
    fake.text = "repeated";
    client_send(client, OFFER_WITH_KEY);
    wait_for(client, ACCEPTED);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 0);
}
END_TEST

START_TEST(a_key_with_another_event_is_422)
{
    start_offers(1, 10);
    fake.text = "reused";
    client_send(client, OFFER_WITH_KEY);
    wait_for(client, "422 {\"status\":\"error\",\"reason\":"
                     "\"idempotency_key_reused\"");
}
END_TEST

START_TEST(a_key_that_came_meanwhile_is_asked_for_again)
{
    start_offers(1, 10);
    connect_all();
    fake.text = "again";
    client_send(client, OFFER_WITH_KEY);
    int before = fake.statements;
    run_until(fake.statements > before + 3);
    fake.text = "repeated";
    wait_for(client, ACCEPTED);
}
END_TEST

static const struct {
    const char *code;
} conflicts[] = {{"40001"}, {"40P01"}};

START_TEST(a_lost_conflict_is_tried_again)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_FAILS;
    fake.text = conflicts[_i].code;
    client_send(client, OFFER);
    int before = fake.statements;
    run_until(fake.statements > before + 3);
    ck_assert_str_eq(client_responses(client), "");
    fake.behaviour = FAKE_RESPONDS;
    fake.text = "accepted";
    wait_for(client, ACCEPTED);
    ck_assert_int_eq(fake.connections, 1);
}
END_TEST

// Nothing is stored: the server says that it rolled back.
START_TEST(any_other_error_is_503_and_another_connection)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_FAILS;
    fake.text = "25006"; // it takes no writes
    client_send(client, OFFER);
    wait_for(client, UNAVAILABLE);
    fake.behaviour = FAKE_RESPONDS;
    fake.text = "accepted";
    run_until(fake.connections >= 2);
}
END_TEST

static const struct {
    enum fake_behaviour behaviour;
} doubts[] = {{FAKE_CLOSES}, {FAKE_ROW_CLOSES}, {FAKE_DIES}, {FAKE_IS_SILENT}};

START_TEST(what_is_in_doubt_is_504_and_says_what_to_do)
{
    struct client *other = client_open();
    start_offers(2, 10);
    connect_all();
    fake.behaviour = doubts[_i].behaviour;
    offers.timeout_ms = SHORT_MS;
    client_send(client, OFFER);
    client_send(other, OFFER_WITH_KEY);
    wait_for(client, UNKNOWN ",\"detail\":\"it may be stored; without");
    wait_for(other, UNKNOWN ",\"detail\":\"it may be stored: send it again");
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), 0);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_REJECTED), 0);
}
END_TEST

// To ask for a balance changes nothing, so nothing is in doubt.
START_TEST(a_balance_that_does_not_come_is_503)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_CLOSES;
    client_send(client, LOOK_UP);
    wait_for(client, UNAVAILABLE);
}
END_TEST

START_TEST(without_a_connection_it_is_503_at_once)
{
    start_offers(2, 10);
    connect_all();
    fake_stop();
    run_until(offers.is_down);
    int64_t start = clock_milliseconds();
    client_send(client, OFFER);
    wait_for(client, UNAVAILABLE);
    ck_assert_int_lt(clock_milliseconds() - start, SOON_MS / 4);
    struct client *other = client_open();
    client_send(other, LOOK_UP_ALICE);
    wait_for(other, UNAVAILABLE);
    fake_restart();
    run_until(!offers.is_down);
    struct client *third = client_open();
    client_send(third, OFFER);
    wait_for(third, ACCEPTED);
}
END_TEST

START_TEST(what_waits_when_the_last_connection_ends_is_503)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_IS_SILENT;
    client_send(client, OFFER);
    run_until(offers.free != NULL);
    struct client *other = client_open();
    client_send(other, OFFER);
    run_until(offers.first != NULL);
    fake_stop();
    wait_for(client, UNKNOWN);    // this one was sent,
    wait_for(other, UNAVAILABLE); // and this one was not
}
END_TEST

START_TEST(more_than_may_wait_are_rejected_at_once)
{
    enum { MAX = 3 };
    struct client *others[MAX];
    start_offers(1, MAX);
    connect_all();
    offers.timeout_ms = SHORT_MS;
    fake.behaviour = FAKE_IS_SILENT;
    client_send(client, OFFER);
    clients_iterate(3);
    for (int i = 0; i < MAX; i++) {
        others[i] = client_open();
        client_send(others[i], OFFER);
        clients_iterate(3);
        ck_assert_str_eq(client_responses(others[i]), "");
    }
    struct client *last = client_open();
    client_send(last, OFFER);
    clients_iterate(3);
    ck_assert_int_eq(strncmp(client_responses(last), BUSY, strlen(BUSY)), 0);
    fake.behaviour = FAKE_RESPONDS;
    wait_for(client, UNKNOWN);
    // Each has its own time-out, so the others may be sent in time or not.
    for (int i = 0; i < MAX; i++)
        run_until(client_responses(others[i])[0] != '\0');
}
END_TEST

// One connection, which is silent: the second request was never sent.
START_TEST(what_waits_for_too_long_was_not_sent_and_is_503)
{
    start_offers(1, 10);
    connect_all();
    offers.timeout_ms = SHORT_MS;
    fake.behaviour = FAKE_IS_SILENT;
    client_send(client, OFFER);
    clients_iterate(3);
    int sent = fake.statements;
    struct client *other = client_open();
    client_send(other, OFFER);
    run_until(offers.first != NULL);
    wait_for(client, UNKNOWN);
    run_until(strncmp(client_responses(other), "503 ", 4) == 0);
    ck_assert_int_le(fake.statements, sent + 1);
}
END_TEST

START_TEST(clients_may_leave_while_the_database_works_for_them)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_HALF;
    client_send(client, OFFER);
    clients_iterate(3);
    client_close(client);
    clients_iterate(3);
    fake.behaviour = FAKE_RESPONDS;
    fake_get_ready();
    run_until(server.conns.count == 0);
    client = client_open();
    client_send(client, OFFER);
    wait_for(client, ACCEPTED);
}
END_TEST

START_TEST(a_user_without_events_is_404)
{
    start_offers(1, 10);
    fake.text = "-7";
    client_send(client, LOOK_UP_ALICE);
    wait_for(client, "200 {\"user\":\"alice\",\"balance\":-7}");
}
END_TEST

START_TEST(the_number_of_jobs_is_asked_while_there_is_time)
{
    start_offers(1, 10);
    fake.jobs = "42";
    run_until(offers.jobs == 42);
    fake.jobs = "41";
    run_until(offers.jobs == 41);
}
END_TEST

START_TEST(a_graceful_shutdown_waits_for_the_outcome)
{
    start_offers(1, 10);
    connect_all();
    fake.behaviour = FAKE_HALF;
    client_send(client, OFFER);
    clients_iterate(3);
    server.conns.timeouts_ms[CONN_LINGERING] = 1; // in milliseconds
    conns_stop(&server.conns);
    clients_run_for(20);
    ck_assert_str_eq(client_responses(client), "");
    fake_get_ready();
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
    ck_assert_str_eq(client_responses(client), ACCEPTED " (final), end");
}
END_TEST

static Suite *offers_suite(void)
{
    Suite *suite = suite_create("offers");
    TCase *tests = tcase_create("what a client hears");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, it_is_202_when_it_is_committed);
    tcase_add_test(tests, a_request_waits_for_the_first_connection);
    tcase_add_test(tests, it_is_503_server_busy_when_no_slot_is_free);
    tcase_add_test(tests, a_repeated_key_is_202_and_is_not_counted);
    tcase_add_test(tests, a_key_with_another_event_is_422);
    tcase_add_test(tests, a_key_that_came_meanwhile_is_asked_for_again);
    unit_add_rows(tests, a_lost_conflict_is_tried_again, conflicts);
    tcase_add_test(tests, any_other_error_is_503_and_another_connection);
    unit_add_rows(tests, what_is_in_doubt_is_504_and_says_what_to_do, doubts);
    tcase_add_test(tests, a_balance_that_does_not_come_is_503);
    tcase_add_test(tests, without_a_connection_it_is_503_at_once);
    tcase_add_test(tests, what_waits_when_the_last_connection_ends_is_503);
    tcase_add_test(tests, more_than_may_wait_are_rejected_at_once);
    tcase_add_test(tests, what_waits_for_too_long_was_not_sent_and_is_503);
    tcase_add_test(tests, clients_may_leave_while_the_database_works_for_them);
    tcase_add_test(tests, a_user_without_events_is_404);
    tcase_add_test(tests, the_number_of_jobs_is_asked_while_there_is_time);
    tcase_add_test(tests, a_graceful_shutdown_waits_for_the_outcome);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(offers_suite());
}
