// test_rejections.c - requests that every stage rejects, whatever they are for
//
// One response names the reason. Then the server closes the connection: it
// can't know where a next request would begin.

#include "tests/stages/stages.h"

#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define LENGTH "Content-Length: "
#define CHUNKED "Transfer-Encoding: chunked"
#define NEXT "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"

// The limits that the servers have by default, in bytes.
enum { TRAILERS = 8192, LINE = 8192, HEADER = 16384, BODY = 1048576 };

// The request is `start`, then `repeated` as many `times`, then an empty line.
static const struct {
    const char *name;
    int status;
    struct slice start;
    int times;
    const char *repeated;
} rejections[] = {
    {"it is no HTTP", 400, SLICE("hello"), 0, ""},
    {"it is TLS", 400, SLICE("\x16\x03\x01\x02"), 0, ""},
    {"a bare LF", 400, SLICE("GET / HTTP/1.1\nHost: a"), 0, ""},
    {"a bare CR", 400, SLICE(POST "X: a\rb"), 0, ""},
    {"a NUL", 400, SLICE(POST "X: a\0b"), 0, ""},
    {"no Host", 400, SLICE("GET / HTTP/1.1"), 0, ""},
    {"two Hosts", 400, SLICE(POST "Host: a"), 0, ""},
    {"a space before the colon", 400, SLICE(POST "X : a"), 0, ""},
    {"an obs-fold", 400, SLICE(POST "X: a\r\n b"), 0, ""},
    {"a sign in a length", 400, SLICE(POST LENGTH "+2"), 0, ""},
    {"a space in a length", 400, SLICE(POST LENGTH "1 2"), 0, ""},
    {"two lengths", 400, SLICE(POST LENGTH "2\r\n" LENGTH "3"), 0, ""},
    {"a length and chunks", 400, SLICE(POST LENGTH "5\r\n" CHUNKED "\r\n\r\n0"),
     0, ""},
    {"a wrong chunk", 400, SLICE(POST CHUNKED "\r\n\r\n1\r\nab"), 0, ""},
    {"long trailers", 400, SLICE(POST CHUNKED "\r\n\r\n0\r\nX: "), TRAILERS,
     "a"},
    {"a body of 1 MiB + 1", 413, SLICE(POST LENGTH "1048577"), 0, ""},
    {"a chunk of as much", 413, SLICE(POST CHUNKED "\r\n\r\n100001"), 0, ""},
    {"a length beyond 64 bits", 413, SLICE(POST LENGTH), 100, "9"},
    {"a long request line", 414, SLICE("GET /"), LINE, "a"},
    {"another expectation", 417, SLICE(POST "Expect: a miracle"), 0, ""},
    {"a long header section", 431, SLICE(POST "X: "), HEADER, "a"},
    {"101 fields", 431, SLICE("GET / HTTP/1.1\r\nHost: a"), 100, "\r\nX: a"},
    {"another coding", 501, SLICE(POST "Transfer-Encoding: gzip, chunked"), 0,
     ""},
    {"a proxy's method", 501, SLICE("CONNECT a:1 HTTP/1.1"), 0, ""},
    {"another version", 505, SLICE("GET / HTTP/2.0\r\nHost: a"), 0, ""},
};

// Programs compare these, so they never change.
static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {
        {400, "bad_request"},        {408, "request_timeout"},
        {413, "content_too_large"},  {414, "uri_too_long"},
        {417, "expectation_failed"}, {431, "header_fields_too_large"},
        {501, "not_implemented"},    {505, "http_version_not_supported"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return NULL;
}

static void assert_rejected(struct client *client, const char *name, int status)
{
    char expected[128];
    snprintf(expected, sizeof expected,
             "{\"status\":\"error\",\"reason\":\"%s\",\"detail\":\"byte ",
             reason_of(status));
    client_wait(client, SOON);
    ck_assert_msg(
        client->status == status && slice_starts_with(client->body, expected),
        "%s: %d %.*s; expected %d %s", name, client->status,
        (int)client->body.length, client->body.bytes, status, expected);
    assert_field(client, "Content-Type", "application/json");
    assert_field(client, "Connection", "close");
    assert_ends(client);
}

// The good request after it gets no response.
START_TEST(a_rejected_request_gets_one_response_that_names_the_reason)
{
    struct server stage;
    start(&stage, NULL);
    for (size_t i = 0; i < sizeof rejections / sizeof rejections[0]; i++) {
        struct client client;
        struct buffer request = {0};
        buffer_add(&request, rejections[i].start);
        for (int j = 0; j < rejections[i].times; j++)
            buffer_add_text(&request, rejections[i].repeated);
        buffer_add_text(&request, "\r\n\r\n" NEXT);
        client_open(&client, stage.port);
        client_send(&client, buffer_slice(&request));
        assert_rejected(&client, rejections[i].name, rejections[i].status);
        client_close(&client);
        buffer_destroy(&request);
    }
    stop(&stage);
}
END_TEST

START_TEST(a_request_that_does_not_end_is_a_time_out)
{
    struct server stage;
    struct client client;
    start(&stage,
          stage_under_test() == 1 ? "--timeout-ms" : "--header-timeout-ms",
          "100", NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("GET / HTTP/1.1\r\nHost: a\r\n"));
    assert_rejected(&client, "half a header section", 408);
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(half_a_request_and_then_its_end_is_rejected)
{
    struct server stage;
    struct client client;
    static const char *const halves[] = {"G", POST, POST LENGTH "2\r\n\r\na"};
    start(&stage, NULL);
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(halves[i]));
        client_half_close(&client);
        assert_rejected(&client, halves[i], 400);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

// A request that only just keeps the limits is like any other request.
START_TEST(a_request_at_the_limits_is_not_rejected)
{
    struct server stage;
    struct client client;
    struct buffer request = {0};
    start(&stage, NULL);
    client_open(&client, stage.port);
    buffer_add_text(&request, "GET /health?");
    while (request.length < LINE - strlen(" HTTP/1.1"))
        buffer_add_text(&request, "a");
    buffer_add_text(&request,
                    " HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576");
    for (int i = 3; i < 100; i++)
        buffer_add_text(&request, "\r\nX: a");
    buffer_add_text(&request, "\r\nY: ");
    while (request.length < HEADER - 2)
        buffer_add_text(&request, "a");
    buffer_add_text(&request, "\r\n\r\n"); // the empty line is no field
    for (int i = 0; i < BODY / 16; i++)
        buffer_add_text(&request, "0123456789abcdef");
    client_send(&client, buffer_slice(&request));
    assert_response(&client, 200);
    if (stage_under_test() <= 2)
        ck_assert_uint_eq(client.body.length, BODY);
    client_close(&client);
    buffer_destroy(&request);
    stop(&stage);
}
END_TEST

START_TEST(a_client_that_asks_first_is_told_to_continue)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of("GET /health HTTP/1.1\r\nHost: a\r\n"
                                  "Expect: 100-continue\r\n"
                                  "Content-Length: 5\r\n\r\n"));
    assert_response(&client, 100);
    client_next(&client);
    client_send(&client, slice_of("hello"));
    assert_response(&client, 200);
    client_close(&client);
    stop(&stage);
}
END_TEST

// It asks first to save a body that the server will reject (RFC 9110,
// 10.1.1).
START_TEST(a_client_that_asks_in_vain_is_not_told_to_continue)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of(POST "Expect: 100-continue\r\n" LENGTH
                                       "1048577\r\n\r\n"));
    assert_rejected(&client, "too long", 413);
    client_close(&client);
    stop(&stage);
}
END_TEST

// A field that is still to come may be the reason to reject the request.
START_TEST(no_client_is_told_to_continue_before_the_header_section_ends)
{
    struct server stage;
    struct client client;
    start(&stage, NULL);
    client_open(&client, stage.port);
    client_send(&client, slice_of(POST "Expect: 100-continue\r\n"));
    ck_assert(!client_wait(&client, A_WHILE));
    client_send(&client, slice_of(LENGTH "1048577\r\n\r\n"));
    assert_rejected(&client, "too long", 413);
    client_close(&client);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rejections");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests,
                   a_rejected_request_gets_one_response_that_names_the_reason);
    tcase_add_test(tests, a_request_that_does_not_end_is_a_time_out);
    tcase_add_test(tests, half_a_request_and_then_its_end_is_rejected);
    tcase_add_test(tests, a_request_at_the_limits_is_not_rejected);
    tcase_add_test(tests, a_client_that_asks_first_is_told_to_continue);
    tcase_add_test(tests, a_client_that_asks_in_vain_is_not_told_to_continue);
    tcase_add_test(
        tests, no_client_is_told_to_continue_before_the_header_section_ends);
    return unit_run(suite);
}
