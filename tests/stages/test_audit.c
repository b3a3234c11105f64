// test_audit.c - whatever the threads do, the sums are right
//
// The test keeps a book: what each client sent, and whether the server accepted
// it.

#include "tests/stages/stages.h"

enum { CLIENTS = 16, ROUNDS = 50, USERS = 3 };

struct book {
    int accepted; // events
    int64_t balances[USERS];
};

static int user_of(int round, int client)
{
    return (round + client) % USERS;
}

static int64_t amount_of(int round, int client)
{
    return (round * 31 + client * 17) % 1000 - 300;
}

// One event of each client, all at the same time.
static void post_round(struct client *clients, int round, struct book *book)
{
    for (int i = 0; i < CLIENTS; i++) {
        char user[16];
        snprintf(user, sizeof user, "user%d", user_of(round, i));
        client_post_event(&clients[i], user, amount_of(round, i));
    }
    ck_assert_int_eq(clients_wait(clients, CLIENTS, SOON), CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].status == 503)
            continue;
        ck_assert_int_eq(clients[i].status, status_of_an_event());
        book->accepted++;
        book->balances[user_of(round, i)] += amount_of(round, i);
    }
}

static void assert_balance(const struct server *stage, int user,
                           int64_t balance)
{
    struct client client;
    char path[32];
    char body[64];
    snprintf(path, sizeof path, "/balances/user%d", user);
    snprintf(body, sizeof body, "{\"user\":\"user%d\",\"balance\":%lld}", user,
             (long long)balance);
    client_request_once(&client, stage->port, "GET", path, NULL, SOON);
    assert_response(&client, 200);
    assert_json(&client, body);
    client_close(&client);
}

static void audit(struct server *stage)
{
    struct client clients[CLIENTS];
    struct book book = {0};
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], stage->port);
    for (int round = 0; round < ROUNDS; round++)
        post_round(clients, round, &book);
    close_all(clients, CLIENTS);
    assert_metric(stage, "thaw_events_accepted_total", book.accepted);
    assert_metric(stage, "thaw_events_rejected_total",
                  CLIENTS * ROUNDS - book.accepted);
    wait_until_done(stage);
    assert_metric(stage, "thaw_events_done_total", book.accepted);
    assert_metric(stage, "thaw_events_failed_total", 0);
    for (int user = 0; user < USERS; user++)
        assert_balance(stage, user, book.balances[user]);
    stop(stage);
}

START_TEST(each_accepted_amount_is_in_its_balance_once)
{
    struct server stage;
    start_quick(&stage);
    audit(&stage);
}
END_TEST

// An event that got a 503 is in no balance.
START_TEST(a_rejected_amount_is_in_no_balance)
{
    struct server stage;
    start(&stage, "--work-ms", "1", "--capacity", "4", NULL);
    audit(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("audit");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, each_accepted_amount_is_in_its_balance_once);
    if (stage_under_test() >= 5)
        tcase_add_test(tests, a_rejected_amount_is_in_no_balance);
    return unit_run(suite);
}
