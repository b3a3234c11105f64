// test_database.c - what a statement's outcome is, whatever the server does

#include "beyond/shared/database.h"
#include "lib/base/clock.h"
#include "tests/unit/backend.h"
#include "tests/unit/fake_postgres.h"
#include "tests/unit/iterations.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SOON_MS = 20000, A_WHILE_MS = 50, TIMEOUT_MS = 200, LONGER_MS = 400 };

static struct loop loop;
static struct iterations iterations;
static struct database database;
static struct place place;
static int outcomes; // so far
static enum database_outcome outcome;
static char code[8]; // the SQLSTATE of a failure
static char value[64];

static void on_done(struct database *of, enum database_outcome what,
                    const PGresult *result)
{
    ck_assert_ptr_eq(of, &database);
    outcomes++;
    outcome = what;
    if (what == DATABASE_FAILED)
        snprintf(code, sizeof code, "%s",
                 PQresultErrorField(result, PG_DIAG_SQLSTATE));
    if (what == DATABASE_DONE)
        snprintf(value, sizeof value, "%s", PQgetvalue(result, 0, 0));
}

static void run_once(void)
{
    database_tick(&database);
    iterations_run_for(&iterations, 1);
}

#define run_until(condition)                                                   \
    for (int64_t end = clock_milliseconds() + SOON_MS; !(condition);           \
         run_once())                                                           \
    ck_assert_msg(clock_milliseconds() < end, "not yet: " #condition)

static void run_a_while(void)
{
    int64_t end = clock_milliseconds() + A_WHILE_MS;
    while (clock_milliseconds() < end)
        run_once();
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    outcomes = 0;
    init_loop(&loop);
    iterations_init(&iterations, &loop);
    fake_start(&loop);
    place = (struct place){.conninfo = fake_conninfo(), .schema = "thaw"};
    database_init(&database, &loop, &place, "prepare", on_done, NULL);
}

static void tear_down(void)
{
    database_destroy(&database);
    loop_destroy(&loop);
}

static void connect_it(void)
{
    run_until(database.state == DATABASE_IDLE);
}

static void send_it(void)
{
    const char *const values[] = {"a", NULL};
    database_send(&database, "offer", 2, values, TIMEOUT_MS);
    ck_assert_int_eq(database.state, DATABASE_BUSY);
}

START_TEST(it_connects_sends_its_setup_and_is_idle)
{
    ck_assert_int_eq(database.state, DATABASE_DOWN);
    connect_it();
    ck_assert_int_eq(fake.connections, 1);
    ck_assert_int_eq(fake.setups, 1);
    ck_assert_int_eq(database.failures, 0);
    ck_assert_int_eq(outcomes, 0);
}
END_TEST

START_TEST(a_statement_is_done_when_the_server_is_ready_again)
{
    connect_it();
    fake.behaviour = FAKE_HALF;
    send_it();
    run_until(fake.statements == 1);
    run_a_while();
    ck_assert_int_eq(outcomes, 0);
    fake_get_ready();
    run_until(outcomes == 1);
    ck_assert_int_eq(outcome, DATABASE_DONE);
    ck_assert_str_eq(value, "accepted");
    ck_assert_int_eq(database.state, DATABASE_IDLE);
}
END_TEST

START_TEST(statements_follow_each_other_on_one_connection)
{
    connect_it();
    for (int i = 1; i <= 100; i++) {
        send_it();
        run_until(outcomes == i);
        ck_assert_int_eq(outcome, DATABASE_DONE);
    }
    ck_assert_int_eq(fake.connections, 1);
}
END_TEST

// No deadline of a statement that is done stays.
START_TEST(an_idle_connection_has_no_deadline)
{
    connect_it();
    send_it();
    run_until(outcomes == 1);
    int64_t start = clock_milliseconds();
    while (clock_milliseconds() - start < LONGER_MS)
        run_once();
    ck_assert_int_eq(database.state, DATABASE_IDLE);
    ck_assert_int_eq(fake.connections, 1);
}
END_TEST

static const struct {
    const char *what;
    enum fake_behaviour behaviour;
    enum database_outcome outcome;
    enum database_state state; // afterwards
} outcomes_of[] = {
    {"an error rolls back", FAKE_FAILS, DATABASE_FAILED, DATABASE_IDLE},
    {"a commit may fail after the row", FAKE_ROW_FAILS, DATABASE_FAILED,
     DATABASE_IDLE},
    {"the connection ends", FAKE_CLOSES, DATABASE_UNKNOWN, DATABASE_DOWN},
    {"it ends after the row", FAKE_ROW_CLOSES, DATABASE_UNKNOWN, DATABASE_DOWN},
    {"a fatal error may come after the commit", FAKE_DIES, DATABASE_UNKNOWN,
     DATABASE_DOWN},
    {"silence", FAKE_IS_SILENT, DATABASE_UNKNOWN, DATABASE_DOWN},
};

START_TEST(each_end_of_a_statement_has_its_outcome)
{
    connect_it();
    fake.behaviour = outcomes_of[_i].behaviour;
    fake.text = "57P01";
    send_it();
    run_until(outcomes == 1);
    ck_assert_msg(outcome == outcomes_of[_i].outcome, "%s: outcome %d",
                  outcomes_of[_i].what, outcome);
    ck_assert_msg(database.state == outcomes_of[_i].state, "%s: state %d",
                  outcomes_of[_i].what, database.state);
    if (outcome == DATABASE_FAILED)
        ck_assert_str_eq(code, "57P01");
    run_a_while();
    ck_assert_int_eq(outcomes, 1);
}
END_TEST

// The statement may still run: its result must not be taken for the next one's.
START_TEST(past_its_deadline_the_connection_is_closed)
{
    connect_it();
    fake.behaviour = FAKE_IS_SILENT;
    int64_t start = clock_milliseconds();
    send_it();
    run_until(outcomes == 1);
    ck_assert_int_ge(clock_milliseconds() - start, TIMEOUT_MS);
    run_until(fake.connections == 2);
    run_until(fake.open == 1);
}
END_TEST

START_TEST(an_idle_connection_that_ends_is_made_again)
{
    connect_it();
    fake_close_connections();
    run_until(database.state == DATABASE_DOWN);
    ck_assert_int_eq(database.failures, 1);
    connect_it();
    ck_assert_int_eq(outcomes, 0);
    ck_assert_int_eq(fake.setups, 2);
    ck_assert_int_eq(database.failures, 0);
}
END_TEST

START_TEST(it_tries_again_until_the_server_is_there)
{
    fake_stop();
    run_until(database.failures == 3);
    ck_assert_int_ne(database.fault[0], '\0');
    fake_restart();
    connect_it();
    ck_assert_int_eq(fake.setups, 1);
}
END_TEST

START_TEST(each_attempt_waits_longer)
{
    int64_t waits[6];
    fake_stop();
    for (int i = 0; i < 6; i++) {
        run_until(database.failures == i + 1);
        waits[i] = database.next_ms - clock_milliseconds();
        ck_assert_int_le(waits[i], 50 << i);
    }
    // With jitter, but at least half of it.
    ck_assert_int_gt(waits[5], 4 * waits[0]);
}
END_TEST

START_TEST(a_setup_that_fails_is_no_connection)
{
    fake.rejects_setup = true;
    run_until(fake.setups == 2);
    ck_assert_int_ne(database.state, DATABASE_IDLE);
    ck_assert_int_ge(database.failures, 1);
    ck_assert_ptr_nonnull(strstr(database.fault, "the fake fails"));
    fake.rejects_setup = false;
    connect_it();
    ck_assert_int_eq(outcomes, 0);
}
END_TEST

// Nothing listens on port 1.
START_TEST(the_next_attempt_is_at_the_next_host)
{
    char conninfo[200];
    snprintf(conninfo, sizeof conninfo,
             "hostaddr=127.0.0.1,127.0.0.1 port=1,%d user=a dbname=a "
             "sslmode=disable gssencmode=disable",
             fake.port);
    place.conninfo = conninfo;
    connect_it();
    ck_assert_int_eq(database.attempts, 2);
}
END_TEST

// A backlog takes the connection, and no one says a word.
START_TEST(a_silent_host_is_left_for_the_next_one)
{
    char conninfo[200];
    int silent = fake.listener;
    int silent_port = fake.port;
    fake.listener = -1; // so on_connect removes it, and accepts nothing
    loop_wake(&loop, silent);
    iterations_run(&iterations, 2);
    fake_move();
    snprintf(conninfo, sizeof conninfo,
             "hostaddr=127.0.0.1,127.0.0.1 port=%d,%d user=a dbname=a "
             "sslmode=disable gssencmode=disable",
             silent_port, fake.port);
    place.conninfo = conninfo;
    int64_t start = clock_milliseconds();
    connect_it();
    ck_assert_int_ge(clock_milliseconds() - start, PLACE_CONNECT_MS);
    ck_assert_int_eq(database.attempts, 2);
    close(silent);
}
END_TEST

START_TEST(a_renewed_connection_is_another_one)
{
    connect_it();
    database_renew(&database, "the test wants another one");
    ck_assert_int_ne(database.state, DATABASE_IDLE);
    connect_it();
    ck_assert_int_eq(fake.connections, 2);
    ck_assert_int_eq(outcomes, 0);
    send_it();
    run_until(outcomes == 1);
    ck_assert_int_eq(outcome, DATABASE_DONE);
}
END_TEST

// 2 MB: more than a socket takes at once.
START_TEST(a_statement_that_the_socket_does_not_take_at_once_is_sent_whole)
{
    enum { LENGTH = 2000000 };
    char *text = malloc(LENGTH + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', LENGTH);
    text[LENGTH] = '\0';
    const char *const values[] = {text};
    connect_it();
    database_send(&database, "offer", 1, values, SOON_MS);
    free(text);
    run_until(outcomes == 1);
    ck_assert_int_eq(outcome, DATABASE_DONE);
}
END_TEST

static Suite *database_suite(void)
{
    Suite *suite = suite_create("database");
    TCase *tests = tcase_create("one connection");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, it_connects_sends_its_setup_and_is_idle);
    tcase_add_test(tests, a_statement_is_done_when_the_server_is_ready_again);
    tcase_add_test(tests, statements_follow_each_other_on_one_connection);
    tcase_add_test(tests, an_idle_connection_has_no_deadline);
    unit_add_rows(tests, each_end_of_a_statement_has_its_outcome, outcomes_of);
    tcase_add_test(tests, past_its_deadline_the_connection_is_closed);
    tcase_add_test(tests, an_idle_connection_that_ends_is_made_again);
    tcase_add_test(tests, it_tries_again_until_the_server_is_there);
    tcase_add_test(tests, each_attempt_waits_longer);
    tcase_add_test(tests, a_setup_that_fails_is_no_connection);
    tcase_add_test(tests, the_next_attempt_is_at_the_next_host);
    tcase_add_test(tests, a_silent_host_is_left_for_the_next_one);
    tcase_add_test(tests, a_renewed_connection_is_another_one);
    tcase_add_test(
        tests, a_statement_that_the_socket_does_not_take_at_once_is_sent_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(database_suite());
}
