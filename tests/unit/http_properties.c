#include "tests/unit/http_properties.h"
#include "tests/unit/http_cuts.h"

#include <stdint.h>
#include <string.h>

enum {
    SEED = 1997,      // RFC 2068, the first HTTP/1.1; the row's number is added
    SECONDS_MAX = 60, // for one test, on a busy machine
};

static const struct good_request *good_rows;
static const struct bad_request *bad_rows;

START_TEST(a_good_request_has_its_method_path_and_body)
{
    const struct good_request *row = &good_rows[_i];
    set_title(row->why);
    struct outcome outcome = parse_whole(row->bytes);
    const struct http_request *request = &outcome.request;
    if (outcome.result == HTTP_PARSE_REJECTED)
        fail_at(row->bytes, request->fault_offset, request->detail);
    if (outcome.result == HTTP_PARSE_MORE)
        fail_at(row->bytes, row->bytes.length, "needs more bytes");
    if (request->length != row->bytes.length)
        fail_at(row->bytes, request->length, "has another length");
    if (!slice_is(request->method, row->method))
        fail_at(row->bytes, row->bytes.length, "has another method");
    if (!slice_is(request->path, row->path))
        fail_at(row->bytes, row->bytes.length, "has another path");
    if (!slice_is(request->body, row->body))
        fail_at(row->bytes, row->bytes.length, "has another body");
    if (request->keep_alive != row->keep_alive)
        fail_at(row->bytes, row->bytes.length, "keep_alive is wrong");
}
END_TEST

START_TEST(every_proper_prefix_of_a_good_request_gives_more)
{
    const struct good_request *row = &good_rows[_i];
    set_title(row->why);
    for (size_t given = 0; given < row->bytes.length; given++)
        if (parse_prefix(row->bytes, given).result != HTTP_PARSE_MORE)
            fail_at(row->bytes, given, "does not give MORE");
}
END_TEST

START_TEST(a_good_request_is_the_same_however_it_is_cut)
{
    set_title(good_rows[_i].why);
    check_cuts(good_rows[_i].bytes);
}
END_TEST

static struct slice joined(char *room, struct slice one, struct slice other)
{
    ck_assert_uint_le(one.length + other.length, CUTS_MAX);
    memcpy(room, one.bytes, one.length);
    memcpy(room + one.length, other.bytes, other.length);
    return (struct slice){room, one.length + other.length};
}

// Pipelining: the same request twice, in one buffer.
START_TEST(the_length_of_a_good_request_leads_to_the_next)
{
    char room[CUTS_MAX];
    const struct slice one = good_rows[_i].bytes;
    struct slice both = joined(room, one, one);
    set_title(good_rows[_i].why);
    struct outcome first = parse_whole(both);
    if (first.result != HTTP_PARSE_DONE || first.request.length != one.length)
        fail_at(both, both.length, "does not end where the next one starts");
    struct slice next = slice_after(both, first.request.length);
    struct outcome second = parse_prefix(next, next.length);
    if (!is_same_outcome(&first, &second))
        fail_at(both, both.length, "the second is not like the first");
    check_cuts(both);
}
END_TEST

START_TEST(mutations_of_good_requests_are_the_same_however_they_are_cut)
{
    check_mutations(good_rows[_i].bytes, SEED + (uint32_t)_i);
}
END_TEST

START_TEST(a_bad_request_is_rejected_with_its_status)
{
    const struct bad_request *row = &bad_rows[_i];
    set_title(row->why);
    struct outcome outcome = parse_whole(row->bytes);
    if (outcome.result != HTTP_PARSE_REJECTED)
        fail_at(row->bytes, row->bytes.length, "is not rejected");
    if (outcome.request.status != row->status)
        ck_abort_msg("%s\n# expected %d, got %d: %s", row->why,
                     (int)row->status, (int)outcome.request.status,
                     outcome.request.detail);
    if (outcome.request.detail == NULL)
        fail_at(row->bytes, row->bytes.length, "has no detail");
    if (outcome.request.fault_offset >= row->bytes.length)
        fail_at(row->bytes, row->bytes.length,
                "has a fault offset beyond the end");
}
END_TEST

// More bytes do not change the outcome, whatever the progress is.
START_TEST(a_bad_request_is_never_accepted_and_stays_rejected)
{
    const struct bad_request *row = &bad_rows[_i];
    struct http_progress progress = {0};
    bool rejected = false;
    set_title(row->why);
    for (size_t given = 0; given <= row->bytes.length; given++) {
        struct outcome outcome = parse_continued(row->bytes, given, &progress);
        if (outcome.result == HTTP_PARSE_DONE)
            fail_at(row->bytes, given, "is accepted");
        if (outcome.result == HTTP_PARSE_MORE && rejected)
            fail_at(row->bytes, given,
                    "needs more bytes after it was rejected");
        rejected = outcome.result == HTTP_PARSE_REJECTED;
        if (rejected && outcome.request.status != row->status)
            fail_at(row->bytes, given, "is rejected with another status");
    }
}
END_TEST

START_TEST(a_bad_request_is_the_same_however_it_is_cut)
{
    set_title(bad_rows[_i].why);
    check_cuts(bad_rows[_i].bytes);
}
END_TEST

// No resynchronising: a good request after a bad one may be a smuggled one.
START_TEST(a_bad_request_is_not_saved_by_what_follows)
{
    static const struct slice good = SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const struct bad_request *row = &bad_rows[_i];
    char room[CUTS_MAX];
    struct slice both = joined(room, row->bytes, good);
    set_title(row->why);
    struct outcome alone = parse_whole(row->bytes);
    struct outcome followed = parse_prefix(both, both.length);
    if (!is_same_outcome(&alone, &followed))
        fail_at(both, both.length,
                "a good request after it changed the outcome");
}
END_TEST

START_TEST(mutations_of_bad_requests_are_the_same_however_they_are_cut)
{
    check_mutations(bad_rows[_i].bytes, SEED + (uint32_t)_i);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, cuts_setup, cuts_teardown);
    tcase_set_timeout(tcase, SECONDS_MAX);
    suite_add_tcase(suite, tcase);
    return tcase;
}

void add_good_requests(Suite *suite, const struct good_request *rows,
                       size_t count)
{
    const TTest *const tests[] = {
        a_good_request_has_its_method_path_and_body,
        every_proper_prefix_of_a_good_request_gives_more,
        a_good_request_is_the_same_however_it_is_cut,
        the_length_of_a_good_request_leads_to_the_next,
        mutations_of_good_requests_are_the_same_however_they_are_cut,
    };
    TCase *tcase = add_case(suite, "good requests");
    good_rows = rows;
    for (size_t i = 0; i < COUNT(tests); i++)
        tcase_add_loop_test(tcase, tests[i], 0, (int)count);
}

void add_bad_requests(Suite *suite, const struct bad_request *rows,
                      size_t count)
{
    const TTest *const tests[] = {
        a_bad_request_is_rejected_with_its_status,
        a_bad_request_is_never_accepted_and_stays_rejected,
        a_bad_request_is_the_same_however_it_is_cut,
        a_bad_request_is_not_saved_by_what_follows,
        mutations_of_bad_requests_are_the_same_however_they_are_cut,
    };
    TCase *tcase = add_case(suite, "bad requests");
    bad_rows = rows;
    for (size_t i = 0; i < COUNT(tests); i++)
        tcase_add_loop_test(tcase, tests[i], 0, (int)count);
}
