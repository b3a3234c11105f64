// test_events.c - what becomes of an event, and what is no event

#include "tests/stages/stages.h"
#include "tests/stages/tally.h"

#include <inttypes.h>

// A program reads the reason. A person reads the detail, which begins with this
// text.
static const struct {
    const char *body;
    const char *reason;
    const char *detail;
} invalid_events[] = {
    {"{\"user\":\"a\",\"action\":\"b\",\"amount\":1.5}", "invalid_event",
     "amount: expected an integer\""},
    {"{\"user\":\"a\",\"action\":\"b\",\"amount\":\"1\"}", "invalid_event",
     "amount: expected an integer\""},
    {"{\"user\":\"a\",\"action\":\"b\"}", "invalid_event",
     "amount: expected an integer\""},
    {"{\"user\":\"\",\"action\":\"b\",\"amount\":1}", "invalid_event",
     "user: "},
    {"{\"user\":7,\"action\":\"b\",\"amount\":1}", "invalid_event", "user: "},
    {"{\"user\":\"a\",\"amount\":1}", "invalid_event", "action: "},
    {"[1]", "invalid_event", "expected an object"},
    // What the parser rejects has no fields: the detail names the byte.
    {"{\"user\":\"a\",\"action\":\"b\",\"amount\":9223372036854775808}",
     "invalid_event", "byte "},
    {"{\"user\":\"a\",\"user\":\"b\",\"action\":\"b\",\"amount\":1}",
     "invalid_event", "byte "},
    {"{\"user\":\"a\",\"action\":\"b\",\"amount\":1} x", "invalid_json",
     "byte "},
    {"{\"user\":\"\\u0000\",\"action\":\"b\",\"amount\":1}", "invalid_event",
     "byte "},
    {"{\"user\":\"\xff\",\"action\":\"b\",\"amount\":1}", "invalid_json",
     "byte "},
    {"{\"user\":\"a\",", "invalid_json", "byte "},
    // "Invalid JSON" alone would hide that a header field is missing.
    {"", "invalid_json", "empty body: no Content-Length?\""},
    {NULL, "invalid_json", "empty body: no Content-Length?\""},
};

START_TEST(the_response_says_what_is_wrong_with_an_event)
{
    const int count = (int)(sizeof invalid_events / sizeof invalid_events[0]);
    struct server stage;
    struct client client;
    char expected[256];
    start_quick(&stage);
    client_open(&client, stage.port);
    for (int i = 0; i < count; i++) {
        snprintf(expected, sizeof expected,
                 "{\"status\":\"error\",\"reason\":\"%s\","
                 "\"detail\":\"%s",
                 invalid_events[i].reason, invalid_events[i].detail);
        client_request(&client, "POST", "/", invalid_events[i].body);
        assert_response(&client, 400);
        ck_assert_msg(slice_starts_with(client.body, expected),
                      "%s: %.*s; expected %s", invalid_events[i].body,
                      (int)client.body.length, client.body.bytes, expected);
    }
    client_close(&client);
    assert_metric(&stage, "thaw_events_invalid_total", count);
    assert_metric(&stage, "thaw_events_accepted_total", 0);
    stop(&stage);
}
END_TEST

// 64 bits, a longest name, other keys, white space.
START_TEST(events_at_the_limits_are_accepted)
{
    static const char *const bodies[] = {
        "{\"user\":\"a\",\"action\":\"b\",\"amount\":9223372036854775807}",
        "{\"user\":\"a\",\"action\":\"b\",\"amount\":-9223372036854775808}",
        " {\"amount\":0 ,\"n\":null,\"action\":\"\xc3\xa9\",\"user\":\"\\n\"} ",
        "{\"user\":\"0123456789012345678901234567890123456789012345678901234567"
        "890123456789012345678901234567890123456789012345678901234567890123456"
        "\",\"action\":\"b\",\"amount\":1}",
    };
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        client_post(&client, bodies[i]);
        assert_response(&client, status_of_an_event());
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(a_balance_that_would_overflow_does_not_change)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client_post_event(&client, "alice", INT64_MAX);
    assert_response(&client, status_of_an_event());
    wait_until_done(&stage);
    client_post_event(&client, "alice", 1);
    if (stage_under_test() == 4) {
        assert_response(&client, 409);
        assert_json(&client,
                    "{\"status\":\"error\",\"reason\":\"balance_overflow\"}");
    } else {
        assert_response(&client, 202); // the server can't know it yet
    }
    wait_for_metric(&stage, "thaw_events_failed_total", 1);
    assert_metric(&stage, "thaw_events_done_total", 1);
    client_request(&client, "GET", "/balances", NULL);
    assert_response(&client, 200);
    assert_json(&client, "{\"alice\":9223372036854775807}");
    client_close(&client);
    stop(&stage);
    struct tally tally = tally_of(&stage);
    ck_assert_int_eq(tally.accepted, 2);
    ck_assert_int_eq(tally.done, 1);
    ck_assert_int_eq(tally.failed, 1);
}
END_TEST

START_TEST(a_balance_is_found_under_any_name)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client_post_event(&client, "a/b \xc3\xa9", -7);
    assert_response(&client, status_of_an_event());
    wait_until_done(&stage);
    client_request(&client, "GET", "/balances/a%2Fb%20%C3%A9", NULL);
    assert_response(&client, 200);
    assert_json(&client, "{\"user\":\"a/b \xc3\xa9\",\"balance\":-7}");
    client_request(&client, "GET", "/balances/%00", NULL);
    assert_response(&client, 404);
    client_request(&client, "GET", "/balances/%FF", NULL); // no UTF-8
    assert_response(&client, 404);
    client_close(&client);
    stop(&stage);
}
END_TEST

// The worker holds one job, and the channel one: the third event finds no slot.
START_TEST(a_busy_server_says_when_to_try_again)
{
    struct server stage;
    struct gate gate;
    struct client client;
    ck_assert_int_eq(gate_open(&gate), 0);
    start(&stage, "--work-gate", gate.path, "--capacity", "1", NULL);
    client_open(&client, stage.port);
    do {
        client_post_event(&client, "alice", 1);
        ck_assert(client_wait(&client, SOON));
    } while (client.status == 202);
    ck_assert_int_eq(client.status, 503);
    assert_json(&client,
                "{\"status\":\"rejected\",\"reason\":\"server_busy\"}");
    // Which of them is random: test_respond.c.
    int seconds = (int)strtol(value_of(&client, "Retry-After").bytes, NULL, 10);
    ck_assert_int_ge(seconds, 1);
    ck_assert_int_le(seconds, 4);
    assert_field(&client, "Connection", "keep-alive");
    client_close(&client);
    gate_release(&gate,
                 (int)client_metric(stage.port, "thaw_events_accepted_total"));
    stop(&stage);
    gate_close(&gate);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, the_response_says_what_is_wrong_with_an_event);
    tcase_add_test(tests, events_at_the_limits_are_accepted);
    if (stage_under_test() >= 4) {
        tcase_add_test(tests, a_balance_that_would_overflow_does_not_change);
        tcase_add_test(tests, a_balance_is_found_under_any_name);
    }
    if (stage_under_test() >= 5)
        tcase_add_test(tests, a_busy_server_says_when_to_try_again);
    return unit_run(suite);
}
