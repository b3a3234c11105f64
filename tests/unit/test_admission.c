// test_admission.c - what becomes of an event: its response and its count

#include "lib/service/admission.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"
#include "tests/unit/unit.h"

static void must_have_counted(int64_t accepted, int64_t rejected,
                              int64_t invalid)
{
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_ACCEPTED), accepted);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_REJECTED), rejected);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_INVALID), invalid);
}

START_TEST(each_event_is_counted_once_by_what_becomes_of_it)
{
    const struct event_fault no_event = {"invalid_event", "x"};
    struct http_response response = {0};
    admission_accept(&response);
    ck_assert_int_eq(response.status, HTTP_ACCEPTED);
    must_have_counted(1, 0, 0);
    for (int i = 0; i < 2; i++)
        admission_reject(&response);
    ck_assert_int_eq(response.status, HTTP_SERVICE_UNAVAILABLE);
    must_have_counted(1, 2, 0);
    for (int i = 0; i < 3; i++)
        admission_invalid(&response, &no_event);
    ck_assert_int_eq(response.status, HTTP_BAD_REQUEST);
    must_have_counted(1, 2, 3);
    buffer_destroy(&response.text);
}
END_TEST

// The client's body may be right, so it must not be told that it is not.
START_TEST(an_event_without_memory_is_a_fault_of_the_server)
{
    const struct event_fault no_memory = {NULL, "no memory"};
    struct http_response response = {0};
    admission_invalid(&response, &no_memory);
    ck_assert_int_eq(response.status, HTTP_INTERNAL_SERVER_ERROR);
    ck_assert(slice_is(response.body, "{\"status\":\"error\","
                                      "\"reason\":\"internal_server_error\","
                                      "\"detail\":\"no memory\"}\n"));
    must_have_counted(0, 0, 0);
    buffer_destroy(&response.text);
}
END_TEST

START_TEST(a_response_alone_counts_nothing)
{
    struct http_response response = {0};
    respond_accepted(&response);
    respond_busy(&response);
    respond_invalid(&response, "invalid_event", "x");
    respond_result(&response, STORE_ADDED, 1);
    respond_error(&response, HTTP_BAD_REQUEST, NULL);
    must_have_counted(0, 0, 0);
    buffer_destroy(&response.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *events = tcase_create("events");
    tcase_add_test(events, each_event_is_counted_once_by_what_becomes_of_it);
    tcase_add_test(events, an_event_without_memory_is_a_fault_of_the_server);
    tcase_add_test(events, a_response_alone_counts_nothing);
    suite_add_tcase(suite, events);
    return unit_run(suite);
}
