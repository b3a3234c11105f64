// test_keep_alive.c - whether a connection stays open for a next request
//
// In stages 2 to 6 it does, as HTTP/1.1 has it. Stage 1 closes after each
// response.

#include "tests/stages/stages.h"

// Also after a 404, and in HTTP/1.1 without any Connection field.
START_TEST(the_connection_stays_open)
{
    struct stage stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    for (int i = 0; i < 3; i++) {
        client_request(&client, "GET", i == 1 ? "/other" : "/health", NULL);
        ck_assert(client_wait(&client, SOON));
        assert_field(&client, "Connection", "keep-alive");
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(the_connection_is_closed_when_the_client_wants_it)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n",
        "GET /health HTTP/1.0\r\n\r\n",
    };
    struct stage stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(requests[i]));
        assert_response(&client, 200);
        assert_field(&client, "Connection", "close");
        assert_ends(&client);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

START_TEST(http_1_0_stays_open_when_the_client_requests_it)
{
    struct stage stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    for (int i = 0; i < 2; i++) {
        client_send(&client, slice_of("GET /health HTTP/1.0\r\n"
                                      "Connection: keep-alive\r\n\r\n"));
        assert_response(&client, 200);
        assert_field(&client, "Connection", "keep-alive");
        client_next(&client);
    }
    client_close(&client);
    stop(&stage);
}
END_TEST

// If stage 1 kept the connection, all other clients would wait for this one's
// next request.
START_TEST(the_first_stage_closes_and_says_so)
{
    struct stage stage;
    struct client client;
    start_quick(&stage);
    client_request_once(&client, stage.port, "GET", "/", NULL, SOON);
    assert_field(&client, "Connection", "close");
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keep_alive");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, the_connection_is_closed_when_the_client_wants_it);
    if (stage_under_test() == 1)
        tcase_add_test(tests, the_first_stage_closes_and_says_so);
    if (stage_under_test() >= 2) {
        tcase_add_test(tests, the_connection_stays_open);
        tcase_add_test(tests, http_1_0_stays_open_when_the_client_requests_it);
    }
    return unit_run(suite);
}
