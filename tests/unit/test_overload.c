// test_overload.c - what must come out of an overload: arrivals, arithmetic,
// and the rows that are printed

#include "lab/overload/arithmetic.h"
#include "lab/overload/arrivals.h"
#include "lab/overload/overload.h"
#include "lab/overload/summary.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_MAX = 8 };

#define WORK 0.5

static const struct {
    const char *why;
    struct arithmetic arithmetic;
    int count;
    double arrivals[EVENTS_MAX];
    double done[EVENTS_MAX]; // -1: rejected
} queues[] = {
    {"half the load, evenly: none waits",
     {1, 0, WORK},
     3,
     {0, 1, 2},
     {0.5, 1.5, 2.5}},
    {"all at once: a staircase",
     {1, 0, WORK},
     4,
     {1, 1, 1, 1},
     {1.5, 2, 2.5, 3}},
    {"four workers: a staircase with wide steps",
     {4, 0, WORK},
     6,
     {0, 0, 0, 0, 0, 0},
     {0.5, 0.5, 0.5, 0.5, 1, 1}},
    {"one at work and two waiting: the others are rejected",
     {1, 2, WORK},
     5,
     {0, 0, 0, 0, 0},
     {0.5, 1, 1.5, -1, -1}},
    {"a slot is free when a worker has taken the job, and not earlier",
     {1, 1, WORK},
     5,
     {0, 0.1, 0.49, 0.5, 0.9},
     {0.5, 1, -1, 1.5, -1}},
    {"those who come after a pause do not wait",
     {1, 1, WORK},
     4,
     {0, 0, 10, 10},
     {0.5, 1, 10.5, 11}},
    {"two workers, each takes the next one as soon as it can",
     {2, 0, WORK},
     4,
     {0, 0.2, 0.3, 0.4},
     {0.5, 0.7, 1, 1.2}},
};

START_TEST(each_event_is_done_when_arithmetic_says)
{
    double done[EVENTS_MAX];
    int accepted = 0;
    int count = queues[_i].count;
    int found = arithmetic_done(&queues[_i].arithmetic, queues[_i].arrivals,
                                count, done);
    for (int i = 0; i < count; i++) {
        ck_assert_msg(fabs(done[i] - queues[_i].done[i]) < 1e-9,
                      "%s: event %d is done at %f", queues[_i].why, i, done[i]);
        accepted += queues[_i].done[i] >= 0;
    }
    ck_assert_int_eq(found, accepted);
}
END_TEST

enum { MANY = 1000000 };

// Pollaczek and Khinchine: with random arrivals, constant work and one worker,
// an event waits load / (2 (1 - load)) pieces of work in the long run.
static const double loads[] = {0.2, 0.5, 0.8, 0.9};

START_TEST(in_the_long_run_it_is_the_formula_of_pollaczek_and_khinchine)
{
    const struct arithmetic arithmetic = {1, 0, WORK};
    double load = loads[_i];
    double *arrivals = calloc(2 * (size_t)MANY, sizeof *arrivals);
    double sum = 0;
    ck_assert_ptr_nonnull(arrivals);
    double *done = arrivals + MANY;
    arrivals_make(arrivals, MANY, MANY * WORK / load);
    arithmetic_done(&arithmetic, arrivals, MANY, done);
    for (int i = 0; i < MANY; i++)
        sum += done[i] - arrivals[i] - WORK;
    double wait = sum / MANY / WORK;
    double expected = load / (2 * (1 - load));
    ck_assert_msg(fabs(wait / expected - 1) < 0.03, "at %.1f: %f, expected %f",
                  load, wait, expected);
    free(arrivals);
}
END_TEST

START_TEST(arrivals_are_random_and_the_same_in_each_run)
{
    enum { COUNT = 100000 };
    static double moments[COUNT];
    static double again[COUNT];
    double squares = 0;
    arrivals_make(moments, COUNT, COUNT);
    arrivals_make(again, COUNT, COUNT);
    for (int i = 1; i < COUNT; i++) {
        ck_assert_double_eq(moments[i], again[i]);
        double gap = moments[i] - moments[i - 1];
        ck_assert_double_ge(gap, 0);
        squares += (gap - 1) * (gap - 1);
    }
    ck_assert_double_gt(moments[0], 0);
    ck_assert_double_lt(moments[COUNT - 1], COUNT);
    // The variance of an exponential distribution is the square of its mean.
    ck_assert_double_eq_tol(squares / COUNT, 1, 0.05);
}
END_TEST

static const struct {
    int count;
    double part, expected;
} quantiles[] = {
    {0, 0.5, 0}, {1, 0.5, 1},  {1, 0.99, 1},   {2, 0.5, 1},     {3, 0.5, 2},
    {4, 0.5, 2}, {4, 0.99, 4}, {100, 0.5, 50}, {100, 0.99, 99}, {100, 1, 100},
};

START_TEST(a_quantile_is_a_value_that_was_measured)
{
    double values[100];
    int count = quantiles[_i].count;
    for (int i = 0; i < count; i++)
        values[i] = count - i; // not sorted
    ck_assert_double_eq(summary_quantile(values, count, quantiles[_i].part),
                        quantiles[_i].expected);
}
END_TEST

static const struct overload_plan plan = {
    .stage = 5, .workers = 1, .capacity = 1, .work_ms = 500, .seconds = 1};

START_TEST(a_row_counts_from_when_an_event_was_due)
{
    // Two are sent late, and the third is rejected.
    const struct summary_event events[] = {{0, 0.2, 0.201, 0.7, 202},
                                           {0.1, 0.2, 0.202, 1.2, 202},
                                           {0.3, 0.3, 0.303, -1, 503}};
    struct overload_row row = {.work = WORK};
    ck_assert(summary_fill(&plan, events, 3, &row));
    ck_assert_int_eq(row.sent, 3);
    ck_assert_int_eq(row.accepted, 2);
    ck_assert_int_eq(row.rejected, 1);
    ck_assert_int_eq(row.others, 0);
    ck_assert_double_eq_tol(row.response_p50, 0.102, 1e-9);
    ck_assert_double_eq_tol(row.response_p99, 0.201, 1e-9);
    ck_assert_double_eq_tol(row.done_mean, (0.7 + 1.1) / 2, 1e-9);
    ck_assert_double_eq_tol(row.arithmetic, (0.7 + 1.1) / 2, 1e-9);
    ck_assert_double_eq_tol(row.late, 0.2, 1e-9);
    // One waited for half a second, of 1.2 in all.
    ck_assert_double_eq_tol(row.little, 0.5 / 1.2, 1e-9);
    ck_assert_double_eq_tol(overload_difference(&row), 0, 1e-9);
}
END_TEST

START_TEST(an_event_that_is_never_done_is_not_left_out)
{
    const struct summary_event events[] = {{0, 0, 0.001, 0.5, 202},
                                           {0.1, 0.1, 0.102, -1, 202},
                                           {0.3, 0.3, -1, -1, 0}};
    struct overload_row row = {.work = WORK};
    ck_assert(summary_fill(&plan, events, 3, &row));
    ck_assert_int_eq(row.accepted, 2);
    ck_assert_int_eq(row.others, 1);
    ck_assert(isinf(row.response_p99));
    ck_assert(isinf(row.done_p99));
    ck_assert(isinf(row.done_mean));
    ck_assert(isinf(overload_difference(&row)));
}
END_TEST

static struct capture out;

static const char *printed(const struct overload_result *result)
{
    capture_start(&out, stdout);
    overload_print(result);
    overload_print_legend(result, 1);
    capture_stop(&out);
    return out.text;
}

START_TEST(the_table_is_as_wide_as_a_terminal)
{
    const struct overload_result result = {
        .plan = plan,
        .name = "stage5_queue",
        .count = 3,
        .rows = {{0.2, 4, 4, 0, 0, 0.0004, 0.001, 0.5, 0.99, 0.61, 0.6, 0.5,
                  0.02, 0.03, 1, 0, "", false},
                 {5, 50000, 50000, 50000, 0, INFINITY, INFINITY, 3600, 7200,
                  99.9994, INFINITY, 0.5, -1, 20000, -1, 0, "", false},
                 {2, 40, 21, 19, 0, 0.0004, 0.0999, 10, 10.5, 9.8, 10.1, 0.51,
                  99.94, 123456, 1000, 0.0012, "", false}}};
    const char *text = printed(&result);
    ck_assert_ptr_nonnull(
        strstr(text, "\n0.20     4     4     0    0.4    1.0    500    990"
                     "    610    600   0.0   0.0   1\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "\n5.00 50000 50000 50000  never  never  3600s  7200s"
                     "  99999  never     ? 20000   ?\n"));
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        ck_assert_msg(length <= 80, "%.*s", (int)length, line);
        line += length + 1;
    }
}
END_TEST

START_TEST(the_largest_difference_is_named)
{
    const struct overload_result result = {
        .plan = plan,
        .name = "stage5_queue",
        .count = 2,
        .rows = {{.load = 0.5, .done_mean = 1, .arithmetic = 1, .work = 0.51},
                 {.load = 2,
                  .done_mean = 1.1,
                  .arithmetic = 1,
                  .work = 0.5,
                  .late = 0.012}}};
    const char *text = printed(&result);
    ck_assert_ptr_nonnull(
        strstr(text, "differ by 10.0 % at most:\nstage5_queue at 2.00.\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "made the work up to 2.0 % longer, and an event up to 12.0 ms "
              "late."));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("overload");
    TCase *tests = tcase_create("arithmetic");
    unit_add_rows(tests, each_event_is_done_when_arithmetic_says, queues);
    unit_add_rows(tests,
                  in_the_long_run_it_is_the_formula_of_pollaczek_and_khinchine,
                  loads);
    tcase_add_test(tests, arrivals_are_random_and_the_same_in_each_run);
    unit_add_rows(tests, a_quantile_is_a_value_that_was_measured, quantiles);
    tcase_add_test(tests, a_row_counts_from_when_an_event_was_due);
    tcase_add_test(tests, an_event_that_is_never_done_is_not_left_out);
    tcase_add_test(tests, the_table_is_as_wide_as_a_terminal);
    tcase_add_test(tests, the_largest_difference_is_named);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
