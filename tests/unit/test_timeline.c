// test_timeline.c - a run as text, and what the trace of a run becomes

#include "lab/system_limits.h"
#include "lab/timeline/timeline.h"
#include "lab/timeline/timeline_trace.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static struct capture out;

static const char *printed(const struct timeline *timelines, int count,
                           double end)
{
    capture_start(&out, stdout);
    for (int i = 0; i < count; i++)
        timeline_print(&timelines[i], end);
    timeline_print_legend(timelines, count, end);
    capture_stop(&out);
    return out.text;
}

START_TEST(a_run_of_every_kind_of_client)
{
    const struct timeline timeline = {
        .stage = 5,
        .scenario = "a run",
        .end = 64,
        .client_count = 4,
        .clients = {{"silent", 0, -1, 32.5, 0},
                    {"good", 10.5, 20.5, 0, 202},
                    {"bad", 30.5, 30.5, 0, 503},
                    {"forgotten", 50.5, -1, 0, 0}},
        .span_count = 2,
        .lane_count = 1,
        .spans = {{0, 15.5, 0}, {16.5, 31.5, 0}},
        .count_count = 2,
        .counts = {{0, 1}, {16.5, 0}},
    };
    ck_assert_str_eq(
        printed(&timeline, 1, 64),
        "stage5_queue: a run\n"
        "silent    |~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ left\n"
        "good      |          ----------o 202\n"
        "bad       |                              x 503\n"
        "forgotten |                                                  "
        "------- no response\n"
        "work 1    |################================\n"
        "channel   |1111111111111111000000000000000000000000000000000000000000"
        "000000\n"
        "           |0 s                |20 s               |40 s              "
        " |60 s\n"
        "~ is silent   - waits   o response   x rejected   #### one piece of "
        "work, ==== the next\n"
        "channel: how many jobs wait in it\n");
}
END_TEST

// Ten jobs for a moment that no column shows need no second digit.
START_TEST(numbers_of_two_digits_are_below_each_other)
{
    const struct timeline timelines[] = {
        {.stage = 5,
         .scenario = "a run",
         .end = 4,
         .count_count = 3,
         .counts = {{0, 12}, {2, 10}, {3, 9}}},
        {.stage = 6,
         .scenario = "a run",
         .end = 4,
         .count_count = 2,
         .counts = {{0, 10}, {0.001, 9}}},
    };
    const char *text = printed(timelines, 2, 4);
    ck_assert_ptr_nonnull(strstr(text,
                                 "channel   |11111111111111111111111111111111"
                                 "1111111111111111\n"
                                 "          |22222222222222222222222222222222"
                                 "00000000000000009999999999999999\n"));
    ck_assert_ptr_nonnull(strstr(text,
                                 "stage6_pool: a run\n"
                                 "channel   |99999999999999999999999999999999"
                                 "99999999999999999999999999999999\n"));
    ck_assert_ptr_nonnull(strstr(text, "; read the digits downwards\n"));
    ck_assert_ptr_null(strstr(printed(timelines + 1, 1, 4), "downwards"));
}
END_TEST

START_TEST(a_legend_has_only_the_signs_that_are_there)
{
    const struct timeline timeline = {
        .stage = 2, .client_count = 1, .clients = {{"good", 0, 1, 0, 200}}};
    const char *text = printed(&timeline, 1, 1);
    const char *legend = strstr(text, "1 s\n");
    ck_assert_ptr_nonnull(legend);
    ck_assert_str_eq(legend, "1 s\n- waits   o response\n");
}
END_TEST

static const double ends[] = {0, 0.004, 0.05, 0.299, 0.3, 1.01, 6, 59, 700};

START_TEST(no_line_is_longer_than_80_columns)
{
    struct timeline timeline = {.stage = 1,
                                .scenario = "sustained-overload",
                                .end = ends[_i],
                                .client_count = 3,
                                .clients = {{"event 10", 0, -1, 0, 0},
                                            {"silent", 0, -1, ends[_i], 0},
                                            {"event 12", 0, ends[_i], 0, 503}},
                                .span_count = 1,
                                .lane_count = 1,
                                .spans = {{0, ends[_i], 0}},
                                .count_count = 1,
                                .counts = {{0, 100}}};
    for (const char *line = printed(&timeline, 1, ends[_i]); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        ck_assert_msg(length <= 80, "%.*s", (int)length, line);
        line += length + 1;
    }
}
END_TEST

static void take_trace(struct timeline *timeline, const char *trace)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/thaw-timeline-XXXXXX", limits_tmpdir());
    int descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    FILE *file = fdopen(descriptor, "w");
    fputs(trace, file);
    fclose(file);
    int result = timeline_take_trace(timeline, path, NULL);
    unlink(path);
    ck_assert_int_eq(result, 0);
}

// Stage 4 with the work before the lock, for example: ten threads at once.
START_TEST(work_that_is_done_in_parallel_has_a_lane_for_each)
{
    enum { PARALLEL = 10 };
    static struct timeline timeline;
    char trace[2048] = "[";
    for (int i = 0; i < PARALLEL; i++)
        snprintf(trace + strlen(trace), sizeof trace - strlen(trace),
                 "%s{\"name\":\"work\",\"ph\":\"X\",\"ts\":%d,"
                 "\"dur\":500000,\"pid\":1,\"tid\":%d}",
                 i > 0 ? "," : "", i, i);
    snprintf(trace + strlen(trace), sizeof trace - strlen(trace), "]");
    timeline.stage = 4;
    take_trace(&timeline, trace);
    ck_assert_int_eq(timeline.lane_count, PARALLEL);
    ck_assert_ptr_nonnull(strstr(printed(&timeline, 1, 1), "work 10   |####"));
}
END_TEST

// The storage thread of durable writes while the workers work.
START_TEST(a_commit_is_no_work)
{
    static struct timeline timeline;
    take_trace(&timeline,
               "[{\"name\":\"commit\",\"ph\":\"X\",\"ts\":1,\"dur\":9000,"
               "\"pid\":1,\"tid\":1},{\"name\":\"work\",\"ph\":\"X\","
               "\"ts\":2,\"dur\":500000,\"pid\":1,\"tid\":2}]");
    ck_assert_int_eq(timeline.span_count, 1);
    ck_assert_int_eq(timeline.lane_count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timeline");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, a_run_of_every_kind_of_client);
    tcase_add_test(tests, numbers_of_two_digits_are_below_each_other);
    tcase_add_test(tests, a_legend_has_only_the_signs_that_are_there);
    unit_add_rows(tests, no_line_is_longer_than_80_columns, ends);
    tcase_add_test(tests, work_that_is_done_in_parallel_has_a_lane_for_each);
    tcase_add_test(tests, a_commit_is_no_work);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
