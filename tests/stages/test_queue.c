// test_queue.c - stages 5 and 6 accept what the channel has slots for
//
// The gate holds the workers, so the channel fills up and stays full.

#include "tests/stages/stages.h"

enum { CAPACITY = 5, REJECTED = 10 };

// Each worker holds one job, and the channel the others.
static int workers(void)
{
    return stage_under_test() == 6 && server_under_test() != LANES ? 3 : 1;
}

static void start_held(struct server *stage, struct gate *gate)
{
    ck_assert_msg(gate_open(gate) == 0, "no FIFO");
    if (server_under_test() == LANES)
        start(stage, "--work-gate", gate->path, "--capacity", "5", "--lanes",
              "1", NULL);
    else if (stage_under_test() == 6)
        start(stage, "--work-gate", gate->path, "--capacity", "5", "--workers",
              "3", NULL);
    else
        start(stage, "--work-gate", gate->path, "--capacity", "5", NULL);
}

static void post_events(struct client *client, int count, int status)
{
    for (int i = 0; i < count; i++) {
        client_post_event(client, "alice", 1);
        assert_response(client, status);
    }
}

// Each worker gets its job first: there is a slot for the next job only after
// the worker has received this one.
static void fill(const struct server *stage, struct client *client)
{
    client_open(client, stage->port);
    for (int i = 1; i <= workers(); i++) {
        post_events(client, 1, 202);
        wait_for_metric(stage, "thaw_busy_workers", i);
    }
    post_events(client, CAPACITY, 202);
}

START_TEST(it_accepts_as_many_as_there_are_slots_and_rejects_the_others)
{
    struct server stage;
    struct gate gate;
    struct client client;
    start_held(&stage, &gate);
    fill(&stage, &client);
    post_events(&client, REJECTED, 503);
    assert_metric(&stage, "thaw_events_accepted_total", CAPACITY + workers());
    assert_metric(&stage, "thaw_events_rejected_total", REJECTED);
    assert_metric(&stage, "thaw_events_done_total", 0);
    assert_metric(&stage, "thaw_channel_capacity_jobs", CAPACITY);
    assert_metric(&stage, "thaw_channel_jobs", CAPACITY);
    assert_metric(&stage, "thaw_workers", workers());
    assert_metric(&stage, "thaw_busy_workers", workers());
    gate_release(&gate, CAPACITY + workers());
    wait_until_done(&stage);
    assert_metric(&stage, "thaw_channel_jobs", 0);
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// Many clients post in parallel, instead of one by one.
START_TEST(a_crowd_finds_no_more_slots_than_one_client)
{
    enum { CROWD = 40 };
    struct server stage;
    struct gate gate;
    struct client first;
    struct client crowd[CROWD];
    int accepted = 0;
    start_held(&stage, &gate);
    client_open(&first, stage.port);
    post_events(&first, 1, 202);
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], stage.port);
        client_post_event(&crowd[i], "alice", 1);
    }
    ck_assert_int_eq(clients_wait(crowd, CROWD, SOON), CROWD);
    for (int i = 0; i < CROWD; i++)
        accepted += crowd[i].status == 202;
    // A worker that received its first job late left fewer free slots.
    ck_assert_int_le(accepted + 1, CAPACITY + workers());
    ck_assert_int_ge(accepted + 1, CAPACITY);
    assert_metric(&stage, "thaw_events_accepted_total", accepted + 1);
    assert_metric(&stage, "thaw_events_rejected_total", CROWD - accepted);
    gate_release(&gate, accepted + 1);
    wait_until_done(&stage);
    client_close(&first);
    close_all(crowd, CROWD);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

START_TEST(each_job_that_is_done_frees_one_slot)
{
    struct server stage;
    struct gate gate;
    struct client client;
    start_held(&stage, &gate);
    fill(&stage, &client);
    for (int done = 1; done <= 3; done++) {
        post_events(&client, 1, 503);
        gate_release(&gate, 1);
        wait_for_metric(&stage, "thaw_events_done_total", done);
        // The worker is free, and receives its next job.
        do {
            client_post_event(&client, "alice", 1);
            ck_assert(client_wait(&client, SOON));
        } while (client.status == 503);
        ck_assert_int_eq(client.status, 202);
    }
    assert_metric(&stage, "thaw_events_accepted_total",
                  CAPACITY + workers() + 3);
    gate_release(&gate, CAPACITY + workers());
    wait_until_done(&stage);
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// A worker holds the mutex for the change alone, not for the work.
START_TEST(reading_a_balance_does_not_wait_for_the_work)
{
    struct server stage;
    struct gate gate;
    struct client client;
    start_held(&stage, &gate);
    fill(&stage, &client);
    client_request(&client, "GET", "/balances", NULL);
    assert_response(&client, 200);
    assert_json(&client, "{}");
    client_post(&client, "hello");
    assert_response(&client, 400);
    gate_release(&gate, CAPACITY + workers());
    wait_until_done(&stage);
    client_request(&client, "GET", "/balances", NULL);
    assert_response(&client, 200);
    assert_json(&client, workers() == 1 ? "{\"alice\":6}" : "{\"alice\":8}");
    client_close(&client);
    stop(&stage);
    gate_close(&gate);
}
END_TEST

// With several workers, a later job may overtake an earlier one.
START_TEST(one_worker_does_the_jobs_in_order)
{
    enum { JOBS = 50 };
    struct server stage;
    struct client client;
    const char *const arguments[] = {"--work-ms", "0", "--capacity", "50",
                                     NULL};
    start_prepared(&stage, NULL, arguments);
    client_open(&client, stage.port);
    for (int i = 1; i <= JOBS; i++) {
        client_post_event(&client, "alice", i);
        assert_response(&client, 202);
    }
    client_close(&client);
    wait_until_done(&stage);
    stop(&stage);
    const char *line = printed_after_start(&stage);
    for (int i = 1; i <= JOBS; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "worker 1: alice +%d = %d\n", i,
                 i * (i + 1) / 2);
        ck_assert_msg(strncmp(line, expected, strlen(expected)) == 0,
                      "expected %sfound %s", expected, line);
        line += strlen(expected);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tests = add_tests(suite);
    tcase_add_test(
        tests, it_accepts_as_many_as_there_are_slots_and_rejects_the_others);
    tcase_add_test(tests, a_crowd_finds_no_more_slots_than_one_client);
    tcase_add_test(tests, each_job_that_is_done_frees_one_slot);
    if (server_under_test() != LANES) // a worker reads it, between two jobs
        tcase_add_test(tests, reading_a_balance_does_not_wait_for_the_work);
    if (stage_under_test() == 5)
        tcase_add_test(tests, one_worker_does_the_jobs_in_order);
    return unit_run(suite);
}
