// test_route.c - the route of each request

#include "lib/service/route.h"
#include "tests/unit/guard.h"
#include "tests/unit/unit.h"

#include <stdio.h>

struct found {
    enum route route;
    struct http_response response; // of ROUTE_RESPONDED
    char user[EVENT_NAME_MAX + 1]; // of ROUTE_BALANCES
};

static const struct http_response no_response;

// Routes what the parser makes of "GET /path".
static struct found route(const char *method_and_target)
{
    char bytes[2048];
    struct http_progress progress = {0};
    struct http_request request;
    struct found found = {.user = "untouched"};
    int length = snprintf(bytes, sizeof bytes, "%s HTTP/1.1\r\nHost: a\r\n\r\n",
                          method_and_target);
    ck_assert_int_lt(length, (int)sizeof bytes);
    ck_assert_int_eq(http_parse_request(bytes, (size_t)length,
                                        &http_limits_default, &progress,
                                        &request),
                     HTTP_PARSE_DONE);
    found.route = route_find(&request, &found.response, found.user);
    return found;
}

// route_find leaves the response to its caller.
static void must_be_left_to_the_caller(const struct found *found)
{
    ck_assert_int_eq(found->response.status, no_response.status);
    ck_assert_ptr_null(found->response.fields);
    ck_assert_ptr_null(found->response.content_type);
    ck_assert_ptr_null(found->response.body.bytes);
}

static const struct {
    const char *request;
    enum route route;
    const char *user;
} for_the_caller[] = {
    {"POST /", ROUTE_EVENT, ""},
    {"GET /balances", ROUTE_BALANCES, ""},
    {"HEAD /balances", ROUTE_BALANCES, ""},
    {"GET /balances/alice", ROUTE_BALANCES, "alice"},
    {"HEAD /balances/alice", ROUTE_BALANCES, "alice"},
    // The parser removes the query, and the authority of a whole URL.
    {"POST /?debug=1", ROUTE_EVENT, ""},
    {"GET /balances?user=bob", ROUTE_BALANCES, ""},
    {"GET /balances/alice?at=now", ROUTE_BALANCES, "alice"},
    {"GET /balances/alice?/bob", ROUTE_BALANCES, "alice"},
    {"POST http://localhost", ROUTE_EVENT, ""},
    {"POST http://localhost:8080/?a", ROUTE_EVENT, ""},
    {"GET http://localhost/balances/alice", ROUTE_BALANCES, "alice"},
};

START_TEST(the_caller_responds_to_events_and_balances)
{
    struct found found = route(for_the_caller[_i].request);
    ck_assert_msg(found.route == for_the_caller[_i].route, "%s: route %d",
                  for_the_caller[_i].request, (int)found.route);
    ck_assert_str_eq(found.user, for_the_caller[_i].user);
    must_be_left_to_the_caller(&found);
}
END_TEST

static const char for_post[] = "Allow: POST\r\n";
static const char for_get[] = "Allow: GET, HEAD\r\n";

static const struct {
    const char *request;
    enum http_status status;
    const char *fields;
} responded[] = {
    {"GET /health", HTTP_OK, NULL},
    {"HEAD /health", HTTP_OK, NULL},
    {"GET /health?verbose", HTTP_OK, NULL},
    {"GET /metrics", HTTP_OK, NULL},
    {"HEAD /metrics", HTTP_OK, NULL},
    // 405 with the methods of the path (RFC 9110, 15.5.6)
    {"GET /", HTTP_METHOD_NOT_ALLOWED, for_post},
    {"HEAD /", HTTP_METHOD_NOT_ALLOWED, for_post},
    {"PUT /", HTTP_METHOD_NOT_ALLOWED, for_post},
    {"OPTIONS /", HTTP_METHOD_NOT_ALLOWED, for_post},
    {"POST /health", HTTP_METHOD_NOT_ALLOWED, for_get},
    {"DELETE /metrics", HTTP_METHOD_NOT_ALLOWED, for_get},
    {"POST /balances", HTTP_METHOD_NOT_ALLOWED, for_get},
    {"DELETE /balances/alice", HTTP_METHOD_NOT_ALLOWED, for_get},
    {"PATCH /", HTTP_METHOD_NOT_ALLOWED, for_post},
    {"TRACE /health", HTTP_METHOD_NOT_ALLOWED, for_get},
    // An unknown method is a 501, whatever the path (RFC 9110, 9.1, 15.6.2). A
    // method is compared with its case, and whole.
    {"BREW /", HTTP_NOT_IMPLEMENTED, NULL},
    {"BREW /coffee", HTTP_NOT_IMPLEMENTED, NULL},
    {"PROPFIND /balances/alice", HTTP_NOT_IMPLEMENTED, NULL},
    {"BREW /balances/%", HTTP_NOT_IMPLEMENTED, NULL},
    {"post /", HTTP_NOT_IMPLEMENTED, NULL},
    {"get /health", HTTP_NOT_IMPLEMENTED, NULL},
    {"Options /", HTTP_NOT_IMPLEMENTED, NULL},
    {"GETS /health", HTTP_NOT_IMPLEMENTED, NULL},
    {"POS /", HTTP_NOT_IMPLEMENTED, NULL},
    {"PRI /", HTTP_NOT_IMPLEMENTED, NULL},
    // 404 comes before 405: an unknown path has no methods.
    {"GET /nothing", HTTP_NOT_FOUND, NULL},
    {"POST /nothing", HTTP_NOT_FOUND, NULL},
    {"DELETE /coffee", HTTP_NOT_FOUND, NULL},
    {"POST /events", HTTP_NOT_FOUND, NULL},
    {"OPTIONS *", HTTP_NOT_FOUND, NULL},
    // A path is compared byte by byte: with its case, dots and slashes.
    {"GET /Health", HTTP_NOT_FOUND, NULL},
    {"GET /health/", HTTP_NOT_FOUND, NULL},
    {"GET //health", HTTP_NOT_FOUND, NULL},
    {"GET /./health", HTTP_NOT_FOUND, NULL},
    {"GET /%68ealth", HTTP_NOT_FOUND, NULL},
    {"GET /healthy", HTTP_NOT_FOUND, NULL},
    {"GET /heal", HTTP_NOT_FOUND, NULL},
    {"POST //", HTTP_NOT_FOUND, NULL},
    {"GET /balancesalice", HTTP_NOT_FOUND, NULL},
    {"GET /balance", HTTP_NOT_FOUND, NULL},
    // An empty name.
    {"GET /balances/", HTTP_NOT_FOUND, NULL},
    {"GET /balances/?user=alice", HTTP_NOT_FOUND, NULL},
};

START_TEST(all_other_requests_have_the_same_response_in_every_server)
{
    struct found found = route(responded[_i].request);
    ck_assert_msg(found.route == ROUTE_RESPONDED, "%s: route %d",
                  responded[_i].request, (int)found.route);
    ck_assert_msg(found.response.status == responded[_i].status, "%s: %d",
                  responded[_i].request, (int)found.response.status);
    ck_assert_pstr_eq(found.response.fields, responded[_i].fields);
    ck_assert_uint_gt(found.response.body.length, 0);
    buffer_destroy(&found.response.text);
}
END_TEST

static const struct {
    const char *path;
    const char *user;
} names[] = {
    {"/balances/bob", "bob"},
    {"/balances/%62o%62", "bob"},
    {"/balances/%C3%A9%c3%a9", "\xc3\xa9\xc3\xa9"},
    {"/balances/a%20b", "a b"},
    {"/balances/a%2Bb", "a+b"},
    {"/balances/a+b", "a+b"}, // a plus is a space in forms, not in paths
    {"/balances/a%2fb", "a/b"},
    {"/balances/a/b", "a/b"}, // users have no sub-resources
    {"/balances/a%3Fb", "a?b"},
    {"/balances/100%25", "100%"},
    {"/balances/%2541", "%41"}, // decoded once
    {"/balances/%0a%1B%7f", "\n\x1b\x7f"},
    {"/balances/%F0%9F%98%80", "\xf0\x9f\x98\x80"},
    {"/balances/..", ".."},
};

START_TEST(the_percent_encoding_of_a_name_is_decoded)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s", names[_i].path);
    struct found found = route(request);
    ck_assert_int_eq(found.route, ROUTE_BALANCES);
    ck_assert_str_eq(found.user, names[_i].user);
    must_be_left_to_the_caller(&found);
}
END_TEST

// Routes a path that ends before a page without access.
static struct found route_path(struct slice path)
{
    struct guard guard;
    struct found found = {0};
    guard_init(&guard, path.length);
    struct http_request request = {
        .method = SLICE("GET"),
        .path = {guard_place(&guard, path), path.length}};
    found.route = route_find(&request, &found.response, found.user);
    guard_destroy(&guard);
    return found;
}

static const struct slice invalid_names[] = {
    SLICE("/balances/%"),         SLICE("/balances/%4"),
    SLICE("/balances/bob%"),      SLICE("/balances/bob%4"),
    SLICE("/balances/%%"),        SLICE("/balances/%%34"),
    SLICE("/balances/%zz"),       SLICE("/balances/%4g"),
    SLICE("/balances/%g4"),
    SLICE("/balances/%+4"), // strtol would accept these three
    SLICE("/balances/%-4"),       SLICE("/balances/%0x41"),
    SLICE("/balances/%u0041"),    SLICE("/balances/%00"),
    SLICE("/balances/bob%00"), // this is not bob
    SLICE("/balances/%00bob"),
    SLICE("/balances/%ff"), // no UTF-8 (RFC 3629), so no event has it
    SLICE("/balances/bob\xff"),   SLICE("/balances/%c3"),
    SLICE("/balances/%c3bob"),    SLICE("/balances/%c0%80"),
    SLICE("/balances/%ed%a0%80"),
};

START_TEST(an_invalid_name_is_not_found)
{
    struct found found = route_path(invalid_names[_i]);
    ck_assert_msg(found.route == ROUTE_RESPONDED, "%s: is \"%s\"",
                  invalid_names[_i].bytes, found.user);
    ck_assert_int_eq(found.response.status, HTTP_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(found.response.body.bytes, "\"not_found\""));
    buffer_destroy(&found.response.text);
}
END_TEST

// The missing digits are in memory, but they are not part of the path.
START_TEST(an_escape_ends_where_the_path_ends)
{
    struct slice path = SLICE("/balances/%41");
    struct found found = {0};
    struct http_request request = {.method = SLICE("GET")};
    for (size_t cut = 1; cut <= 2; cut++) {
        request.path = (struct slice){path.bytes, path.length - cut};
        ck_assert_int_eq(route_find(&request, &found.response, found.user),
                         ROUTE_RESPONDED);
        ck_assert_int_eq(found.response.status, HTTP_NOT_FOUND);
        buffer_clear(&found.response.text);
    }
    buffer_destroy(&found.response.text);
}
END_TEST

static struct found route_long_name(const char *unit, int count)
{
    struct buffer path = {0};
    buffer_add_text(&path, "/balances/");
    for (int i = 0; i < count; i++)
        buffer_add_text(&path, unit);
    struct found found = route_path(buffer_slice(&path));
    buffer_destroy(&path);
    return found;
}

START_TEST(a_name_may_be_as_long_as_in_an_event)
{
    static const char *const units[] = {"x", "%78"};
    for (int i = 0; i < 2; i++) {
        struct found found = route_long_name(units[i], EVENT_NAME_MAX);
        ck_assert_int_eq(found.route, ROUTE_BALANCES);
        ck_assert_uint_eq(strspn(found.user, "x"), EVENT_NAME_MAX);
        ck_assert_uint_eq(strlen(found.user), EVENT_NAME_MAX);
        found = route_long_name(units[i], EVENT_NAME_MAX + 1);
        ck_assert_int_eq(found.route, ROUTE_RESPONDED);
        ck_assert_int_eq(found.response.status, HTTP_NOT_FOUND);
        buffer_destroy(&found.response.text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route");
    TCase *table = tcase_create("table");
    unit_add_rows(table, the_caller_responds_to_events_and_balances,
                  for_the_caller);
    unit_add_rows(table,
                  all_other_requests_have_the_same_response_in_every_server,
                  responded);
    suite_add_tcase(suite, table);
    TCase *user = tcase_create("names");
    unit_add_rows(user, the_percent_encoding_of_a_name_is_decoded, names);
    unit_add_rows(user, an_invalid_name_is_not_found, invalid_names);
    tcase_add_test(user, an_escape_ends_where_the_path_ends);
    tcase_add_test(user, a_name_may_be_as_long_as_in_an_event);
    suite_add_tcase(suite, user);
    return unit_run(suite);
}
