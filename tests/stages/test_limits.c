// test_limits.c - clients that take too long

#include "tests/stages/stages.h"

#define HALF_HEADER "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n"

// Sends a byte every few milliseconds, for much longer than there is time.
static void drip(struct client *client)
{
    for (int i = 0; i < 2000 && !client_wait(client, 5); i++)
        client_send(client, slice_of("a"));
}

static void assert_timed_out(struct client *client)
{
    ck_assert_msg(client->status == 408, "status: %d", client->status);
    assert_field(client, "Connection", "close");
    assert_ends(client);
}

START_TEST(a_header_section_has_its_time_and_a_drip_gets_no_more)
{
    struct server stage;
    struct client client;
    start(&stage, "--header-timeout-ms", "200", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of(HALF_HEADER "X: "));
    drip(&client);
    assert_timed_out(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(a_body_has_its_time_and_a_drip_gets_no_more)
{
    struct server stage;
    struct client client;
    start(&stage, "--body-timeout-ms", "200", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of(HALF_HEADER "\r\n"));
    drip(&client);
    assert_timed_out(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

// A header section that comes in time does not use up the time of its body.
START_TEST(each_request_has_its_own_time)
{
    struct server stage;
    struct client client;
    start(&stage, "--header-timeout-ms", "200", "--body-timeout-ms", "60000",
          NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("POST / HTTP/1.1\r\nHost: a\r\n"
                                  "Content-Length: 4\r\n\r\nhel"));
    ck_assert(!client_wait(&client, 500));
    client_send(&client, slice_of("l"));
    assert_response(&client, stage_under_test() == 2 ? 200 : 400);
    client_close(&client);
    stop(&stage);
}
END_TEST

// Without a request there is no response.
START_TEST(an_idle_connection_is_closed_without_a_response)
{
    struct server stage;
    struct client fresh;
    struct client used;
    start(&stage, "--idle-timeout-ms", "200", NULL);
    client_open(&fresh, stage.port);
    client_request_once(&used, stage.port, "GET", "/health", NULL, SOON);
    assert_response(&used, 200);
    assert_ends(&used);
    assert_ends(&fresh);
    client_close(&used);
    client_close(&fresh);
    stop(&stage);
}
END_TEST

START_TEST(a_reader_that_takes_nothing_is_dropped)
{
    struct server stage;
    struct client client;
    start(&stage, "--send-timeout-ms", "200", NULL);
    client_open_narrow(&client, stage.port);
    request_too_much(&client);
    int64_t end = clock_milliseconds() + SOON;
    // Only the connection that requests the metrics is left.
    while (client_metric(stage.port, "thaw_open_connections") != 1)
        ck_assert_int_lt(clock_milliseconds(), end);
    client_close(&client);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests,
                   a_header_section_has_its_time_and_a_drip_gets_no_more);
    tcase_add_test(tests, a_body_has_its_time_and_a_drip_gets_no_more);
    tcase_add_test(tests, each_request_has_its_own_time);
    tcase_add_test(tests, an_idle_connection_is_closed_without_a_response);
    if (stage_under_test() >= 3)
        tcase_add_test(tests, a_reader_that_takes_nothing_is_dropped);
    return unit_run(suite);
}
