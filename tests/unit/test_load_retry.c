// test_load_retry.c - when a rejected request comes again, and how many come at
// the same time

#include "lab/load/retry.h"
#include "tests/unit/unit.h"

enum { MANY = 10000 };

static const struct {
    const char *why;
    int tries, after;
    double fixed, jitter_max; // in seconds
} waits[] = {
    {"the first time, both are Retry-After", 1, 1, 1, 1},
    {"the server says how long", 1, 4, 4, 4},
    {"without a Retry-After, a second", 1, -1, 1, 1},
    {"Retry-After: 0 is at once", 3, 0, 0, 0},
    {"jitter may wait twice as long the second time", 2, 1, 1, 2},
    {"and four times as long the third time", 3, 2, 2, 8},
    {"never longer than the limit", 9, 1, 1, RETRY_SECONDS_MAX},
    {"not even if the server says so", 1, 3600, RETRY_SECONDS_MAX,
     RETRY_SECONDS_MAX},
};

START_TEST(a_wait_is_fixed_or_random_up_to_its_maximum)
{
    uint64_t random = 1;
    double sum = 0;
    double longest = 0;
    int tries = waits[_i].tries;
    int after = waits[_i].after;
    double max = waits[_i].jitter_max;
    ck_assert_double_eq(retry_wait(RETRY_FIXED, tries, after, &random),
                        waits[_i].fixed);
    for (int i = 0; i < MANY; i++) {
        double wait = retry_wait(RETRY_JITTER, tries, after, &random);
        ck_assert_msg(wait >= 0 && wait <= max, "%s: %f", waits[_i].why, wait);
        sum += wait;
        if (wait > longest)
            longest = wait;
    }
    ck_assert_double_eq_tol(sum / MANY, max / 2, 0.02 * max + 1e-9);
    ck_assert_double_ge(longest, 0.99 * max);
}
END_TEST

#define MS INT64_C(1000000)

START_TEST(the_busiest_100_ms_may_begin_at_any_time)
{
    struct retry_busiest busiest = {0};
    static const int64_t at[] = {960, 990, 1010, 1030};
    for (int i = 0; i < 4; i++)
        retry_busiest_add(&busiest, at[i] * MS);
    ck_assert_int_eq(busiest.most, 4);
}
END_TEST

START_TEST(those_of_100_ms_ago_do_not_count)
{
    struct retry_busiest busiest = {0};
    for (int i = 0; i < 1000; i++) // one in 50 ms
        retry_busiest_add(&busiest, 50 * MS * i);
    ck_assert_int_eq(busiest.most, 2);
    for (int i = 0; i < 20; i++) // and, much later, one in 10 ms
        retry_busiest_add(&busiest, (int64_t)1e6 * MS + 10 * MS * i);
    ck_assert_int_eq(busiest.most, 10);
    retry_busiest_add(&busiest, (int64_t)1e6 * MS + 10 * MS * 19);
    ck_assert_int_eq(busiest.most, 11);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load_retry");
    TCase *tests = tcase_create("retry");
    unit_add_rows(tests, a_wait_is_fixed_or_random_up_to_its_maximum, waits);
    tcase_add_test(tests, the_busiest_100_ms_may_begin_at_any_time);
    tcase_add_test(tests, those_of_100_ms_ago_do_not_count);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
