// test_metrics.c - the counts, and their names

#include "lib/service/metrics.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>

static struct buffer text;

// The body of GET /metrics now.
static const char *written(void)
{
    buffer_clear(&text);
    metrics_write(&text);
    buffer_add(&text, (struct slice){"", 1}); // the NUL
    ck_assert(!text.failed);
    return text.bytes;
}

static void must_have_line(const char *line)
{
    char whole[256];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    ck_assert_msg(strstr(written(), whole) != NULL, "no line \"%s\" in:\n%s",
                  line, text.bytes);
}

static void must_not_mention(const char *word)
{
    ck_assert_msg(strstr(written(), word) == NULL, "there is \"%s\" in:\n%s",
                  word, text.bytes);
}

static const struct {
    enum metric metric;
    int64_t value;
    const char *type;
    const char *line;
} metrics[] = {
    {METRIC_CONNECTIONS, 1, "connections_total counter",
     "thaw_connections_total 1"},
    {METRIC_OPEN_CONNECTIONS, 2, "open_connections gauge",
     "thaw_open_connections 2"},
    {METRIC_RECEIVED_BYTES, 3, "received_bytes_total counter",
     "thaw_received_bytes_total 3"},
    {METRIC_SENT_BYTES, INT64_MAX, "sent_bytes_total counter",
     "thaw_sent_bytes_total 9223372036854775807"},
    {METRIC_EVENTS_ACCEPTED, 5, "events_accepted_total counter",
     "thaw_events_accepted_total 5"},
    {METRIC_EVENTS_REJECTED, 6, "events_rejected_total counter",
     "thaw_events_rejected_total 6"},
    {METRIC_EVENTS_INVALID, 7, "events_invalid_total counter",
     "thaw_events_invalid_total 7"},
    {METRIC_EVENTS_DONE, 8, "events_done_total counter",
     "thaw_events_done_total 8"},
    {METRIC_EVENTS_FAILED, 9, "events_failed_total counter",
     "thaw_events_failed_total 9"},
    // Counted in nanoseconds, written in seconds.
    {METRIC_WORK_NANOSECONDS, 1500000000, "work_seconds_total counter",
     "thaw_work_seconds_total 1.500000"},
    {METRIC_CHANNEL_CAPACITY, 100, "channel_capacity_jobs gauge",
     "thaw_channel_capacity_jobs 100"},
    {METRIC_WORKERS, 4, "workers gauge", "thaw_workers 4"},
};

START_TEST(each_metric_is_written_with_its_type)
{
    char type[64];
    metrics_set(metrics[_i].metric, metrics[_i].value);
    ck_assert_int_eq(metrics_get(metrics[_i].metric), metrics[_i].value);
    must_have_line(metrics[_i].line);
    snprintf(type, sizeof type, "# TYPE thaw_%s", metrics[_i].type);
    must_have_line(type);
}
END_TEST

START_TEST(a_gauge_goes_up_and_down)
{
    metrics_add(METRIC_OPEN_CONNECTIONS, 3);
    metrics_add(METRIC_OPEN_CONNECTIONS, -1);
    must_have_line("thaw_open_connections 2");
    metrics_set(METRIC_OPEN_CONNECTIONS, 0);
    must_have_line("thaw_open_connections 0");
}
END_TEST

static int64_t jobs;
static int calls;

static int64_t read_jobs(void)
{
    calls++;
    return jobs;
}

// Stages 1 to 4 have neither; a gauge that is always 0 would be misleading.
START_TEST(gauges_of_channel_and_workers_are_written_if_there_are_some)
{
    must_not_mention("channel");
    must_not_mention("worker");
    metrics_set_channel(100, read_jobs);
    must_have_line("thaw_channel_capacity_jobs 100");
    must_have_line("thaw_channel_jobs 0");
    must_not_mention("worker");
    metrics_set(METRIC_WORKERS, 4);
    metrics_add(METRIC_BUSY_WORKERS, 3);
    must_have_line("thaw_workers 4");
    must_have_line("thaw_busy_workers 3");
}
END_TEST

// Stage 4 alone has work, and a thread for each event instead of workers.
START_TEST(threads_that_wait_are_written_where_each_event_has_its_own)
{
    metrics_add(METRIC_MUTEX_WAITING_THREADS, 9);
    must_not_mention("mutex");
    metrics_set_work();
    must_have_line("thaw_mutex_waiting_threads 9");
    metrics_set(METRIC_WORKERS, 4);
    must_not_mention("mutex");
}
END_TEST

// The channel is asked for each reading, and not before.
START_TEST(the_length_of_the_channel_is_read_from_it_each_time)
{
    metrics_set_channel(100, read_jobs);
    ck_assert_int_eq(calls, 0);
    jobs = 17;
    ck_assert_int_eq(metrics_get(METRIC_CHANNEL_JOBS), 17);
    jobs = 18;
    ck_assert_int_eq(metrics_get(METRIC_CHANNEL_JOBS), 18);
    ck_assert_int_eq(calls, 2);
    jobs = 19;
    must_have_line("thaw_channel_jobs 19");
    ck_assert_int_eq(metrics_get(METRIC_CHANNEL_CAPACITY), 100);
}
END_TEST

// accepted = done + failed + unfinished.
START_TEST(what_is_accepted_is_unfinished_until_it_is_done_or_has_failed)
{
    metrics_set_work();
    metrics_count_done(true, 0); // a quick worker
    ck_assert_int_eq(metrics_unfinished(), 0);
    metrics_add(METRIC_EVENTS_ACCEPTED, 4);
    ck_assert_int_eq(metrics_unfinished(), 3);
    metrics_count_done(false, 0);
    ck_assert_int_eq(metrics_unfinished(), 2);
}
END_TEST

START_TEST(without_work_nothing_is_unfinished)
{
    metrics_add(METRIC_EVENTS_ACCEPTED, 4);
    ck_assert(!metrics_have_work());
    ck_assert_int_eq(metrics_unfinished(), 0);
    metrics_set_work();
    ck_assert_int_eq(metrics_unfinished(), 4);
}
END_TEST

START_TEST(an_event_whose_work_is_done_is_done_or_has_failed)
{
    metrics_count_done(true, 0);
    metrics_count_done(false, 0);
    metrics_count_done(true, 0);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_DONE), 2);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_FAILED), 1);
}
END_TEST

static const enum http_status statuses[] = {
    HTTP_OK,
    HTTP_ACCEPTED,
    HTTP_BAD_REQUEST,
    HTTP_NOT_FOUND,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_REQUEST_TIMEOUT,
    HTTP_CONFLICT,
    HTTP_CONTENT_TOO_LARGE,
    HTTP_URI_TOO_LONG,
    HTTP_EXPECTATION_FAILED,
    HTTP_UNPROCESSABLE_CONTENT,
    HTTP_FIELDS_TOO_LARGE,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_NOT_IMPLEMENTED,
    HTTP_SERVICE_UNAVAILABLE,
    HTTP_GATEWAY_TIMEOUT,
    HTTP_VERSION_NOT_SUPPORTED,
};

// Every code is written from the start: a rate needs a first value.
START_TEST(requests_are_counted_by_their_code)
{
    enum { STATUSES = sizeof statuses / sizeof statuses[0] };
    char line[64];
    metrics_count_request(statuses[_i]);
    metrics_count_request(statuses[_i]);
    for (int i = 0; i < STATUSES; i++) {
        snprintf(line, sizeof line, "thaw_requests_total{code=\"%d\"} %d",
                 (int)statuses[i], i == _i ? 2 : 0);
        must_have_line(line);
    }
    ck_assert_int_eq(metrics_requests(), 2);
}
END_TEST

START_TEST(requests_are_the_sum_over_all_codes)
{
    ck_assert_int_eq(metrics_requests(), 0);
    metrics_count_request(HTTP_OK);
    metrics_count_request(HTTP_VERSION_NOT_SUPPORTED);
    metrics_count_request(HTTP_OK);
    ck_assert_int_eq(metrics_requests(), 3);
}
END_TEST

enum { THREADS = 8, ROUNDS = 50000, ALL = THREADS * ROUNDS };
enum { BYTES = 3, ALL_BYTES = BYTES * ALL };

static pthread_mutex_t start = PTHREAD_MUTEX_INITIALIZER;

// Starts when the mutex is free, so that all threads count at the same time.
static void *count(void *argument)
{
    pthread_mutex_lock(&start);
    pthread_mutex_unlock(&start);
    for (int i = 0; i < ROUNDS; i++) {
        metrics_add(METRIC_SENT_BYTES, BYTES);
        metrics_add(METRIC_OPEN_CONNECTIONS, 1);
        metrics_count_request(HTTP_OK);
        metrics_count_done(i % 2 == 0, 0);
        metrics_add(METRIC_OPEN_CONNECTIONS, -1);
    }
    return argument;
}

START_TEST(no_count_is_lost_between_threads)
{
    pthread_t threads[THREADS];
    pthread_mutex_lock(&start);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    pthread_mutex_unlock(&start);
    written(); // while they count
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(metrics_get(METRIC_SENT_BYTES), ALL_BYTES);
    ck_assert_int_eq(metrics_get(METRIC_OPEN_CONNECTIONS), 0);
    ck_assert_int_eq(metrics_requests(), ALL);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_DONE), ALL / 2);
    ck_assert_int_eq(metrics_get(METRIC_EVENTS_FAILED), ALL / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *counts = tcase_create("counts");
    tcase_set_timeout(counts, 60);
    unit_add_rows(counts, each_metric_is_written_with_its_type, metrics);
    tcase_add_test(counts, a_gauge_goes_up_and_down);
    tcase_add_test(counts,
                   gauges_of_channel_and_workers_are_written_if_there_are_some);
    tcase_add_test(counts,
                   threads_that_wait_are_written_where_each_event_has_its_own);
    tcase_add_test(counts, the_length_of_the_channel_is_read_from_it_each_time);
    tcase_add_test(
        counts, what_is_accepted_is_unfinished_until_it_is_done_or_has_failed);
    tcase_add_test(counts, without_work_nothing_is_unfinished);
    tcase_add_test(counts, an_event_whose_work_is_done_is_done_or_has_failed);
    unit_add_rows(counts, requests_are_counted_by_their_code, statuses);
    tcase_add_test(counts, requests_are_the_sum_over_all_codes);
    tcase_add_test(counts, no_count_is_lost_between_threads);
    suite_add_tcase(suite, counts);
    return unit_run(suite);
}
