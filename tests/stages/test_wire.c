// test_wire.c - the responses to whole requests, in each stage

#include "tests/stages/stages.h"

#define EVENT "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}"
#define BECAUSE(reason) "{\"status\":\"error\",\"reason\":\"" reason "\""

enum kind {
    AS_BEFORE, // as in the column before
    ECHOED,
    HEALTHY,
    ACCEPTED,
    APPLIED,
    ALL_BALANCES,
    ONE_BALANCE,
    NOT_JSON, // from here on, the table says how the body begins
    NO_EVENT,
    NOT_FOUND,
    NOT_ALLOWED,
    UNKNOWN,
    NUMBERS,
};

static const struct {
    int status;
    const char *body;
} responses[] = {
    [ECHOED] = {200, NULL},
    [HEALTHY] = {200, "{\"status\":\"ok\"}\n"},
    [ACCEPTED] = {202, "{\"status\":\"accepted\"}\n"},
    [APPLIED] = {200, "{\"status\":\"ok\",\"balance\":100}\n"},
    [ALL_BALANCES] = {200, "{\"alice\":100}\n"},
    [ONE_BALANCE] = {200, "{\"user\":\"alice\",\"balance\":100}\n"},
    [NOT_JSON] = {400, BECAUSE("invalid_json")},
    [NO_EVENT] = {400, BECAUSE("invalid_event")},
    [NOT_FOUND] = {404, BECAUSE("not_found")},
    [NOT_ALLOWED] = {405, BECAUSE("method_not_allowed")},
    [UNKNOWN] = {501, BECAUSE("not_implemented")},
    [NUMBERS] = {200, "# HELP thaw_"},
};

enum { COLUMNS = 4 }; // stages 1 and 2, stage 3, stage 4, stages 5 and 6

static const struct row {
    const char *method;
    const char *path;
    const char *body;
    enum kind kinds[COLUMNS];
} rows[] = {
    {"POST", "/", EVENT, {ECHOED, ACCEPTED, APPLIED, ACCEPTED}},
    {"POST", "/", "hello", {ECHOED, NOT_JSON}},
    {"POST", "/", "[]", {ECHOED, NO_EVENT}},
    {"GET", "/balances", NULL, {ECHOED, NOT_FOUND, ALL_BALANCES}},
    {"GET", "/balances/alice", NULL, {ECHOED, NOT_FOUND, ONE_BALANCE}},
    {"GET", "/balances/stranger", NULL, {ECHOED, NOT_FOUND}},
    {"GET", "/health", NULL, {ECHOED, HEALTHY}},
    {"GET", "/metrics", NULL, {ECHOED, NUMBERS}},
    {"GET", "/other", NULL, {ECHOED, NOT_FOUND}},
    {"DELETE", "/", "gone", {ECHOED, NOT_ALLOWED}},
    // A method that is in no RFC, or in small letters, is unknown for any path.
    {"BREW", "/", "coffee", {ECHOED, UNKNOWN}},
    {"PROPFIND", "/other", NULL, {ECHOED, UNKNOWN}},
    {"post", "/", EVENT, {ECHOED, UNKNOWN}},
    {"Get", "/health", NULL, {ECHOED, UNKNOWN}},
    // A path that does not exist has no methods either.
    {"POST", "/other", EVENT, {ECHOED, NOT_FOUND}},
    // Paths are compared byte by byte; the query does not belong to them.
    {"GET", "/Health", NULL, {ECHOED, NOT_FOUND}},
    {"GET", "/health/", NULL, {ECHOED, NOT_FOUND}},
    {"GET", "/health?verbose=1", NULL, {ECHOED, HEALTHY}},
    // A body belongs to its request, also where the server needs none.
    {"GET", "/health", "body", {ECHOED, HEALTHY}},
    // HEAD is GET without the body.
    {"HEAD", "/health", NULL, {ECHOED, HEALTHY}},
    {"HEAD", "/other", NULL, {ECHOED, NOT_FOUND}},
};

static enum kind expected_kind(const struct row *row)
{
    static const int columns[STAGES] = {0, 0, 1, 2, 3, 3};
    int column = columns[stage_under_test() - 1];
    while (row->kinds[column] == AS_BEFORE)
        column--;
    return row->kinds[column];
}

static const char *expected_body(const struct row *row)
{
    if (strcmp(row->method, "HEAD") == 0)
        return "";
    if (expected_kind(row) == ECHOED)
        return row->body != NULL ? row->body : "";
    return responses[expected_kind(row)].body;
}

static bool is_expected(const struct client *client, const struct row *row)
{
    enum kind kind = expected_kind(row);
    if (client->status != responses[kind].status)
        return false;
    return kind >= NOT_JSON && !client->is_head
               ? slice_starts_with(client->body, expected_body(row))
               : slice_is(client->body, expected_body(row));
}

START_TEST(each_row_of_the_table_is_true)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if (stage_under_test() >= 4)
            wait_until_done(&stage);
        client_request_once(&client, stage.port, row->method, row->path,
                            row->body, SOON);
        ck_assert_msg(is_expected(&client, row),
                      "%s %s: %d %.*s; expected %d %s", row->method, row->path,
                      client.status, (int)client.body.length, client.body.bytes,
                      responses[expected_kind(row)].status, expected_body(row));
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

// One event, written in the ways that HTTP has for it.
static const struct {
    const char *name;
    const char *request;
} spellings[] = {
    {"names of fields are in any case",
     "POST / HTTP/1.1\r\nhOST: a\r\ncONTENT-lENGTH: 49\r\n\r\n" EVENT},
    {"white space around a value does not belong to it",
     "POST / HTTP/1.1\r\nHost:a\r\nContent-Length: \t 49 \t\r\n\r\n" EVENT},
    {"the same length twice is still one length",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 49\r\n"
     "Content-Length: 49\r\n\r\n" EVENT},
    {"a body in one chunk",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "31\r\n" EVENT "\r\n0\r\n\r\n"},
    {"a body in chunks, with an extension and a trailer",
     "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n"
     "10;a=b\r\n{\"user\": \"alice\"\r\n"
     "021\r\n, \"action\": \"buy\", \"amount\": 100}\r\n"
     "00\r\nDigest: none\r\n\r\n"},
    {"an absolute target, as proxies get it",
     "POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 49\r\n\r\n" EVENT},
    {"an empty line before the request",
     "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 49\r\n\r\n" EVENT},
    {"HTTP/1.0 needs no Host",
     "POST / HTTP/1.0\r\nContent-Length: 49\r\n\r\n" EVENT},
    {"a later HTTP/1 is read as 1.1",
     "POST / HTTP/1.2\r\nHost: a\r\nContent-Length: 49\r\n\r\n" EVENT},
};

START_TEST(an_event_is_understood_however_it_is_spelled)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(spellings[i].request));
        ck_assert_msg(client_wait(&client, SOON) &&
                          client.status == status_of_an_event(),
                      "%s: %d %.*s", spellings[i].name, client.status,
                      (int)client.body.length, client.body.bytes);
        if (stage_under_test() <= 2)
            assert_body(&client, EVENT);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

START_TEST(any_bytes_are_echoed)
{
    static const struct slice request =
        SLICE("PATCH /any/path?q HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
              "\r\n\0\r\n\xff{");
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client_send(&client, request);
    assert_response(&client, 200);
    ck_assert_uint_eq(client.body.length, 5);
    ck_assert_mem_eq(client.body.bytes, "\0\r\n\xff{", 5);
    client_close(&client);
    stop(&stage);
}
END_TEST

// A letter for each A, a digit for each 0, all else as it is.
static bool has_shape(struct slice text, const char *shape)
{
    for (; *shape != '\0'; shape++, text = slice_after(text, 1)) {
        if (text.length == 0)
            return false;
        char byte = text.bytes[0];
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool is_digit = byte >= '0' && byte <= '9';
        if (*shape == 'A' ? !is_letter
                          : (*shape == '0' ? !is_digit : byte != *shape))
            return false;
    }
    return true;
}

// Also the response that rejects a request.
START_TEST(every_response_has_a_date)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /other HTTP/1.1\r\nHost: a\r\n\r\n",
        "nonsense\r\n\r\n",
    };
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        client_open(&client, stage.port);
        client_send(&client, slice_of(requests[i]));
        ck_assert(client_wait(&client, SOON));
        struct slice date = value_of(&client, "Date");
        ck_assert_msg(has_shape(date, "AAA, 00 AAA 0000 00:00:00 GMT"),
                      "Date: %.*s", (int)date.length, date.bytes);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

START_TEST(a_response_says_what_its_body_is)
{
    static const struct {
        const char *path;
        const char *type;
    } cases[] = {
        {"/health", "application/json"},
        {"/other", "application/json"},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8"},
    };
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client_request_once(&client, stage.port, "GET", cases[i].path, NULL,
                            SOON);
        assert_field(&client, "Content-Type", cases[i].type);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

// RFC 9110, 9.3.2: the same header section as for GET, and no body after it.
START_TEST(a_head_request_gets_the_response_without_the_body)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client.is_head = true;
    client_send(&client, slice_of("HEAD /health HTTP/1.1\r\nHost: a\r\n"
                                  "Connection: close\r\n\r\n"));
    assert_response(&client, 200);
    assert_field(&client, "Content-Length",
                 stage_under_test() <= 2 ? "0" : "16");
    assert_ends(&client);
    client_close(&client);
    stop(&stage);
}
END_TEST

START_TEST(a_405_names_the_methods_of_the_path)
{
    static const struct {
        const char *method;
        const char *path;
        const char *allow;
    } cases[] = {
        {"GET", "/", "POST"},
        {"HEAD", "/", "POST"},
        {"OPTIONS", "/", "POST"},
        {"POST", "/balances", "GET, HEAD"},
        {"DELETE", "/balances/alice", "GET, HEAD"},
        {"POST", "/health", "GET, HEAD"},
        {"PUT", "/metrics", "GET, HEAD"},
        {"PATCH", "/", "POST"},
        {"TRACE", "/health", "GET, HEAD"},
    };
    struct server stage;
    struct client client;
    start_quick(&stage);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client_request_once(&client, stage.port, cases[i].method, cases[i].path,
                            NULL, SOON);
        ck_assert_int_eq(client.status, 405);
        assert_field(&client, "Allow", cases[i].allow);
        client_close(&client);
    }
    stop(&stage);
}
END_TEST

// The request has one end, so a next one may follow.
START_TEST(an_unknown_method_leaves_the_connection_open)
{
    struct server stage;
    struct client client;
    start_quick(&stage);
    client_open(&client, stage.port);
    client_request(&client, "BREW", "/", "coffee");
    assert_response(&client, 501);
    assert_field(&client, "Connection", "keep-alive");
    client_request(&client, "GET", "/health", NULL);
    assert_response(&client, 200);
    client_close(&client);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, each_row_of_the_table_is_true);
    tcase_add_test(tests, an_event_is_understood_however_it_is_spelled);
    tcase_add_test(tests, every_response_has_a_date);
    tcase_add_test(tests, a_head_request_gets_the_response_without_the_body);
    if (stage_under_test() <= 2)
        tcase_add_test(tests, any_bytes_are_echoed);
    if (stage_under_test() >= 3) {
        tcase_add_test(tests, a_response_says_what_its_body_is);
        tcase_add_test(tests, a_405_names_the_methods_of_the_path);
        tcase_add_test(tests, an_unknown_method_leaves_the_connection_open);
    }
    return unit_run(suite);
}
