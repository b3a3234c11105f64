// test_durations.c - the histograms: edges, sums, and many threads

#include "lib/service/durations.h"
#include "lib/base/clock.h"
#include "lib/service/metrics.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

enum { BUCKETS = 29 };

#define MICROSECOND INT64_C(1000)
#define SECOND INT64_C(1000000000)

// A histogram as a reader of GET /metrics sees it.
struct seen {
    char bounds[BUCKETS][16];
    int64_t counts[BUCKETS]; // cumulative
    double sum;
    int64_t count;
};

static struct buffer text;

static const char *written(void)
{
    buffer_clear(&text);
    durations_write(&text);
    buffer_add(&text, (struct slice){"", 1}); // the NUL
    ck_assert(!text.failed);
    return text.bytes;
}

// Where the number of the sample `name` `end` begins.
static const char *value_of(const char *in, const char *name, const char *end)
{
    char start[96];
    snprintf(start, sizeof start, "\n%s%s", name, end);
    const char *at = strstr(in, start);
    ck_assert_msg(at != NULL, "no %s%s in:\n%s", name, end, in);
    return at + strlen(start);
}

static struct seen look(const char *name)
{
    struct seen seen = {0};
    const char *in = written();
    const char *at = value_of(in, name, "_bucket{le=\"");
    for (int i = 0; i < BUCKETS; i++) {
        ck_assert_msg(sscanf(at, "%15[^\"]\"} %" SCNd64, seen.bounds[i],
                             &seen.counts[i]) == 2,
                      "bucket %d: %.40s", i, at);
        at = i < BUCKETS - 1 ? strstr(at, "le=\"") + 4 : at;
    }
    ck_assert_int_eq(sscanf(value_of(in, name, "_sum "), "%lf", &seen.sum), 1);
    ck_assert_int_eq(
        sscanf(value_of(in, name, "_count "), "%" SCNd64, &seen.count), 1);
    return seen;
}

// The bound of the first bucket that has counted something.
static const char *first_bucket(const struct seen *seen)
{
    for (int i = 0; i < BUCKETS; i++)
        if (seen->counts[i] > 0)
            return seen->bounds[i];
    return "none";
}

static const struct {
    int64_t nanoseconds;
    const char *bound;
} edges[] = {
    {-5, "0.0001"}, // the clock does not go back, but a caller may be wrong
    {0, "0.0001"},
    {100 * MICROSECOND, "0.0001"}, // le: less or equal
    {100 * MICROSECOND + 1, "0.0002"},
    {500 * MICROSECOND, "0.0005"},
    {500 * MICROSECOND + 1, "0.001"},
    {50000 * MICROSECOND, "0.05"},
    {SECOND / 2, "0.5"},
    {SECOND / 2 + 1, "0.7"},
    {SECOND, "1"},
    {SECOND + 1, "1.5"},
    {10 * SECOND, "10"},
    {10 * SECOND + 1, "15"},
    {60 * SECOND, "60"},
    {60 * SECOND + 1, "+Inf"}, // the overflow has a bucket, too
    {INT64_MAX, "+Inf"},
};

START_TEST(a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed)
{
    durations_add(DURATION_REQUEST, edges[_i].nanoseconds);
    struct seen seen = look("thaw_request_duration_seconds");
    ck_assert_str_eq(first_bucket(&seen), edges[_i].bound);
    ck_assert_int_eq(seen.counts[BUCKETS - 1], 1);
    ck_assert_int_eq(seen.count, 1);
    ck_assert_double_ge(seen.sum, 0);
}
END_TEST

START_TEST(the_bounds_grow_from_100_us_to_60_s)
{
    struct seen seen = look("thaw_request_duration_seconds");
    ck_assert_str_eq(seen.bounds[0], "0.0001");
    ck_assert_str_eq(seen.bounds[BUCKETS - 2], "60");
    ck_assert_str_eq(seen.bounds[BUCKETS - 1], "+Inf");
    for (int i = 1; i < BUCKETS - 1; i++)
        ck_assert_msg(atof(seen.bounds[i - 1]) < atof(seen.bounds[i]), "%s, %s",
                      seen.bounds[i - 1], seen.bounds[i]);
}
END_TEST

// A bucket counts all that is in those before it.
START_TEST(buckets_are_cumulative_and_the_sum_is_in_seconds)
{
    durations_add(DURATION_REQUEST, 50 * MICROSECOND);
    durations_add(DURATION_REQUEST, 1500 * MICROSECOND);
    durations_add(DURATION_REQUEST, 100 * SECOND);
    struct seen seen = look("thaw_request_duration_seconds");
    for (int i = 0; i < BUCKETS; i++) {
        int64_t expected = 1 + (i >= 4) + (i == BUCKETS - 1);
        ck_assert_msg(seen.counts[i] == expected, "le=%s: %" PRId64,
                      seen.bounds[i], seen.counts[i]);
    }
    ck_assert_int_eq(seen.count, 3);
    ck_assert_double_eq_tol(seen.sum, 100.001550, 1e-9);
}
END_TEST

START_TEST(a_duration_ends_now)
{
    int64_t start = clock_nanoseconds();
    durations_end(DURATION_REQUEST, start - 3 * SECOND);
    double most = (double)(clock_nanoseconds() - start) / 1e9 + 3;
    struct seen seen = look("thaw_request_duration_seconds");
    ck_assert_double_ge(seen.sum, 3);
    ck_assert_double_le(seen.sum, most);
    ck_assert_int_eq(seen.count, 1);
}
END_TEST

START_TEST(a_duration_without_a_start_is_not_counted)
{
    durations_end(DURATION_REQUEST, 0);
    ck_assert_int_eq(look("thaw_request_duration_seconds").count, 0);
}
END_TEST

// Stage 3 accepts events, but has no work.
START_TEST(durations_of_events_are_written_where_there_is_work)
{
    ck_assert_ptr_eq(strstr(written(), "event"), NULL);
    metrics_set_work();
    ck_assert_int_eq(look("thaw_event_wait_seconds").count, 0);
    ck_assert_int_eq(look("thaw_event_total_seconds").count, 0);
}
END_TEST

START_TEST(each_duration_has_a_histogram_of_its_own)
{
    metrics_set_work();
    durations_add(DURATION_EVENT_WAIT, SECOND);
    durations_add(DURATION_EVENT_TOTAL, 2 * SECOND);
    durations_add(DURATION_EVENT_TOTAL, 2 * SECOND);
    ck_assert_int_eq(look("thaw_request_duration_seconds").count, 0);
    ck_assert_int_eq(look("thaw_event_wait_seconds").count, 1);
    ck_assert_int_eq(look("thaw_event_total_seconds").count, 2);
    ck_assert_double_eq_tol(look("thaw_event_total_seconds").sum, 4, 1e-9);
}
END_TEST

enum { THREADS = 8, ROUNDS = 400000, ALL = THREADS * ROUNDS };

static pthread_mutex_t start = PTHREAD_MUTEX_INITIALIZER;

// Starts when the mutex is free, so that all threads count at the same time.
static void *count(void *argument)
{
    pthread_mutex_lock(&start);
    pthread_mutex_unlock(&start);
    for (int i = 0; i < ROUNDS; i++)
        durations_add(DURATION_EVENT_WAIT, i % 2 == 0 ? 0 : 61 * SECOND);
    return argument;
}

static void must_be_of_one_moment(const struct seen *seen)
{
    for (int i = 1; i < BUCKETS; i++)
        ck_assert_int_ge(seen->counts[i], seen->counts[i - 1]);
    ck_assert_int_eq(seen->counts[BUCKETS - 1], seen->count);
}

START_TEST(no_duration_is_lost_between_threads)
{
    pthread_t threads[THREADS];
    int64_t before = 0;
    metrics_set_work();
    pthread_mutex_lock(&start);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    pthread_mutex_unlock(&start);
    for (int i = 0; i < 20; i++) { // while they count
        struct seen seen = look("thaw_event_wait_seconds");
        must_be_of_one_moment(&seen);
        ck_assert_int_ge(seen.count, before);
        before = seen.count;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct seen seen = look("thaw_event_wait_seconds");
    must_be_of_one_moment(&seen);
    ck_assert_int_eq(seen.count, ALL);
    ck_assert_int_eq(seen.counts[BUCKETS - 2], ALL / 2);
    ck_assert_double_eq_tol(seen.sum, 61.0 * ALL / 2, 1e-1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("durations");
    TCase *tests = tcase_create("durations");
    tcase_set_timeout(tests, 60);
    unit_add_rows(
        tests, a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed,
        edges);
    tcase_add_test(tests, the_bounds_grow_from_100_us_to_60_s);
    tcase_add_test(tests, buckets_are_cumulative_and_the_sum_is_in_seconds);
    tcase_add_test(tests, a_duration_ends_now);
    tcase_add_test(tests, a_duration_without_a_start_is_not_counted);
    tcase_add_test(tests, durations_of_events_are_written_where_there_is_work);
    tcase_add_test(tests, each_duration_has_a_histogram_of_its_own);
    tcase_add_test(tests, no_duration_is_lost_between_threads);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
