// test_sample.c - what the lab's live picture makes of a server's metrics

#include "lab/watch/sample.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char text[] =
    "# HELP thaw_open_connections Connections open now.\n"
    "# TYPE thaw_open_connections gauge\n"
    "thaw_open_connections 7\n"
    "thaw_build_info{version=\"1\",stage=\"stage5_queue\"} 1\n"
    "thaw_events_accepted_total 1.5e+03\n"
    "thaw_events_accepted_total_of_another 9\n"
    "process_open_fds 12\n"
    "thaw_channel_jobs 0\n"
    "thaw_request_duration_seconds_bucket{le=\"0.001\"} 10\n"
    "thaw_request_duration_seconds_bucket{le=\"+Inf\"} 12\n"
    "thaw_request_duration_seconds_sum 3\n"
    "thaw_workers 4";

START_TEST(a_sample_has_what_the_server_has)
{
    struct sample sample;
    ck_assert(sample_parse(&sample, slice_of(text)));
    ck_assert_double_eq(sample.open_connections, 7);
    ck_assert_double_eq(sample.accepted, 1500);
    ck_assert_double_eq(sample.channel_jobs, 0);
    ck_assert_str_eq(sample.stage, "stage5_queue");
    ck_assert_int_eq(sample.request.count, 2);
    ck_assert_double_eq(sample.request.bound[0], 0.001);
    ck_assert(isinf(sample.request.bound[1]));
    ck_assert_double_eq(sample.request.total[1], 12);
    ck_assert_double_lt(sample.mutex_waiting, 0); // it has none
    ck_assert_double_lt(sample.workers, 0);       // a line without its end
}
END_TEST

// Each in memory of its own: a sanitizer sees a byte that is read beyond it.
START_TEST(no_cut_of_the_text_is_read_beyond_its_end)
{
    for (size_t length = 0; length < sizeof text; length++) {
        struct sample sample;
        char *bytes = malloc(length + 1);
        ck_assert_ptr_nonnull(bytes);
        memcpy(bytes + 1, text, length);
        sample_parse(&sample, (struct slice){bytes + 1, length});
        free(bytes);
    }
}
END_TEST

// Other servers may send what Go's and C's parsers take for a number.
START_TEST(what_no_server_can_have_is_not_known)
{
    struct sample sample;
    ck_assert(sample_parse(&sample, slice_of("thaw_channel_jobs NaN\n"
                                             "thaw_workers +Inf\n"
                                             "thaw_busy_workers 1e300\n"
                                             "thaw_open_connections -Inf\n")));
    ck_assert_double_lt(sample.channel_jobs, 0);
    ck_assert_double_lt(sample.workers, 0);
    ck_assert_double_lt(sample.busy, 0);
    ck_assert_double_lt(sample.open_connections, 0);
}
END_TEST

static const char *const odd[] = {
    "",
    "\n\n",
    "thaw_workers 4",
    "thaw_other 4\n",
    " thaw_workers 4\n",
    "{\"status\":\"ok\"}\n",
    "<html>\nthaw_\n</html>\n",
};

START_TEST(what_has_none_of_the_metrics_is_no_sample)
{
    struct sample sample;
    ck_assert(!sample_parse(&sample, slice_of(odd[_i])));
}
END_TEST

START_TEST(more_buckets_than_fit_are_left_out)
{
    static const char bucket[] =
        "thaw_event_total_seconds_bucket{le=\"1\"} 1\n";
    static char many[1000 * sizeof bucket];
    struct sample sample;
    for (size_t i = 0; i < 1000; i++)
        memcpy(many + i * (sizeof bucket - 1), bucket, sizeof bucket);
    sample_parse(&sample, slice_of(many));
    ck_assert_int_eq(sample.event.count, SAMPLE_BUCKETS);
}
END_TEST

static struct history history;

// A sample after that many tenths of a second.
static void add(double tenths, double accepted, const double totals[3])
{
    struct sample sample = {.at = (int64_t)(tenths * 1e8),
                            .accepted = accepted,
                            .rejected = 3,
                            .done = -1,
                            .event = {3, {0.1, 1, (double)INFINITY}, {0}}};
    memcpy(sample.event.total, totals, 3 * sizeof totals[0]);
    history_add(&history, &sample);
}

START_TEST(rates_are_of_the_last_five_seconds)
{
    static const double none[3] = {0};
    history = (struct history){0};
    for (int i = 0; i < 200; i++) // 1000 per second, and then 20
        add(i, i < 140 ? i * 100 : 14000 + 2 * (i - 140), none);
    struct rates rates = history_rates(&history);
    ck_assert_double_eq_tol(rates.accepted, 20, 1e-9);
    ck_assert_double_eq(rates.rejected, 0);
    ck_assert_double_lt(rates.done, 0); // not known
}
END_TEST

START_TEST(a_server_that_was_silent_has_the_rate_of_the_whole_time)
{
    static const double none[3] = {0};
    history = (struct history){0};
    add(0, 0, none);
    ck_assert_double_lt(history_rates(&history).accepted, 0);
    add(1, 1, none);
    add(200, 200, none);
    ck_assert_double_eq_tol(history_rates(&history).accepted, 10, 1e-9);
}
END_TEST

START_TEST(a_new_server_has_no_rates_of_the_old_one)
{
    static const double none[3] = {0};
    history = (struct history){0};
    add(0, 1000, none);
    add(1, 0, none);
    ck_assert_double_lt(history_rates(&history).accepted, 0);
    add(11, 10, none);
    ck_assert_double_eq_tol(history_rates(&history).accepted, 10, 1e-9);
}
END_TEST

static const struct {
    double from[3], to[3]; // buckets up to 0.1 s, 1 s, and all
    double p99;
} rows[] = {
    {{5, 5, 5}, {5, 5, 5}, -1}, // nothing came
    {{0, 0, 0}, {100, 100, 100}, 0.099},
    {{9, 9, 9}, {9, 109, 109}, 0.991},  // 0.1 + 0.99 * 0.9
    {{1, 2, 3}, {51, 102, 103}, 0.982}, // the 99th of 100 is the 49th of 50
    {{0, 0, 0}, {98, 98, 100}, (double)INFINITY},
    {{0, 0, 7}, {0, 0, 8}, (double)INFINITY},
};

START_TEST(a_percentile_is_of_what_came_between)
{
    history = (struct history){0};
    add(0, 0, rows[_i].from);
    add(1, 0, rows[_i].to);
    double found = history_rates(&history).event_p99;
    if (isinf(rows[_i].p99))
        ck_assert(isinf(found));
    else
        ck_assert_double_eq_tol(found, rows[_i].p99, 1e-9);
    ck_assert_double_eq(history_rates(&history).event_longest, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sample");
    TCase *tcase = tcase_create("sample");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_sample_has_what_the_server_has);
    tcase_add_test(tcase, no_cut_of_the_text_is_read_beyond_its_end);
    tcase_add_test(tcase, what_no_server_can_have_is_not_known);
    unit_add_rows(tcase, what_has_none_of_the_metrics_is_no_sample, odd);
    tcase_add_test(tcase, more_buckets_than_fit_are_left_out);
    tcase_add_test(tcase, rates_are_of_the_last_five_seconds);
    tcase_add_test(tcase,
                   a_server_that_was_silent_has_the_rate_of_the_whole_time);
    tcase_add_test(tcase, a_new_server_has_no_rates_of_the_old_one);
    unit_add_rows(tcase, a_percentile_is_of_what_came_between, rows);
    return unit_run(suite);
}
