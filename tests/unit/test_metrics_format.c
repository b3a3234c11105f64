// test_metrics_format.c - the text in which Prometheus reads the metrics
//
//     # HELP thaw_connections_total Connections accepted.
//     # TYPE thaw_connections_total counter
//     thaw_connections_total 17
//
// prometheus.io, "Exposition formats": text format 0.0.4

#include "lib/service/durations.h"
#include "lib/service/metrics.h"
#include "lib/service/process_metrics.h"
#include "lib/service/respond.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);
    return length >= strlen(end) &&
           strcmp(name + length - strlen(end), end) == 0;
}

// A unit is a base unit in the plural, at the end or before _total.
static void must_have_its_unit_last(const char *name, const char *total)
{
    static const char *const units[] = {"seconds", "bytes"};
    for (int i = 0; i < 2; i++) {
        const char *unit = strstr(name, units[i]);
        ck_assert_msg(unit == NULL ||
                          strcmp(unit + strlen(units[i]), total) == 0,
                      "%s: its unit is not at its end", name);
    }
    ck_assert_msg(strstr(name, "milli") == NULL && strstr(name, "nano") == NULL,
                  "%s: not in base units", name);
}

// prometheus.io, "Metric and label naming"
static void must_be_well_named(const char *name, const char *type)
{
    bool is_counter = strcmp(type, "counter") == 0;
    ck_assert_msg(is_counter || strcmp(type, "gauge") == 0 ||
                      strcmp(type, "histogram") == 0,
                  "%s: %s", name, type);
    ck_assert_msg(strncmp(name, "thaw_", 5) == 0 ||
                      strncmp(name, "process_", 8) == 0,
                  "%s", name);
    ck_assert_uint_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"),
                      strlen(name));
    ck_assert_msg(ends_in(name, "_total") == is_counter, "%s: %s", name, type);
    must_have_its_unit_last(name, is_counter ? "_total" : "");
}

// Where the labels begin, if there are some, and the value. A histogram has
// three kinds of samples.
static const char *after_name(const char *line, const char *name,
                              const char *type)
{
    static const char *const kinds[] = {"_bucket{", "_sum ", "_count "};
    size_t length = strlen(name);
    ck_assert_msg(strncmp(line, name, length) == 0, "%s: of %s?", line, name);
    if (strcmp(type, "histogram") != 0)
        return line + length;
    for (int i = 0; i < 3; i++)
        if (strncmp(line + length, kinds[i], strlen(kinds[i])) == 0)
            return line + length + strlen(kinds[i]) - 1;
    ck_abort_msg("%s: no sample of a histogram", line);
}

// The name, labels in braces if there are some, one space and a number.
static void must_be_sample(const char *line, const char *name, const char *type)
{
    int value_length = 0;
    double value;
    const char *at = after_name(line, name, type);
    if (*at == '{')
        at = strchr(at, '}') + 1;
    ck_assert_msg(*at == ' ' && isgraph((unsigned char)at[1]) &&
                      sscanf(at, " %lf%n", &value, &value_length) == 1 &&
                      at[value_length] == '\0',
                  "no value: %s", line);
}

// Reads a line at *at, and moves *at to the next one.
static char *next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    ck_assert_msg(end != NULL, "the last line has no end: %s", line);
    *end = '\0';
    *at = end + 1;
    return line;
}

// Reads HELP, TYPE and the samples of one metric.
static void must_be_a_family(char **at)
{
    char name[64];
    char type_name[64];
    char type[16];
    int help = 0;
    const char *line = next_line(at);
    ck_assert_msg(sscanf(line, "# HELP %63s %n", name, &help) == 1, "%s", line);
    ck_assert_msg(isupper((unsigned char)line[help]) && ends_in(line, "."),
                  "no sentence: %s", line);
    line = next_line(at);
    ck_assert_msg(sscanf(line, "# TYPE %63s %15s", type_name, type) == 2, "%s",
                  line);
    ck_assert_str_eq(name, type_name);
    must_be_well_named(name, type);
    ck_assert_msg(**at != '#' && **at != '\0', "%s: no sample", name);
    while (**at != '#' && **at != '\0')
        must_be_sample(next_line(at), name, type);
}

static int64_t no_jobs(void)
{
    return 0;
}

// As GET /metrics of a server that has all of it.
static char *written(void)
{
    static struct http_response response;
    metrics_set_channel(100, no_jobs);
    metrics_set(METRIC_WORKERS, 4);
    metrics_set_work();
    process_metrics_name("stage6_pool");
    respond_metrics(&response);
    ck_assert_int_eq(response.status, HTTP_OK);
    buffer_add(&response.text, (struct slice){"", 1}); // the NUL
    return response.text.bytes;
}

START_TEST(the_text_is_families_with_help_type_and_samples)
{
    int families = 0;
    for (char *at = written(); *at != '\0'; families++)
        must_be_a_family(&at);
    // One is of stage 4 alone; those of the process depend on the system.
    ck_assert_int_ge(families, 1 + METRIC_COUNT - 1 + DURATION_COUNT + 3);
}
END_TEST

// A second HELP for the same name is an error, which promtool finds, too.
START_TEST(no_family_comes_twice)
{
    char name[80];
    char *text = written();
    for (char *at = strstr(text, "# HELP "); at != NULL;
         at = strstr(at + 1, "# HELP ")) {
        ck_assert_int_eq(sscanf(at, "# HELP %63s", name), 1);
        char line[96];
        snprintf(line, sizeof line, "# HELP %s ", name);
        ck_assert_msg(strstr(at + 1, line) == NULL, "%s: twice", name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *format = tcase_create("format");
    tcase_add_test(format, the_text_is_families_with_help_type_and_samples);
    tcase_add_test(format, no_family_comes_twice);
    suite_add_tcase(suite, format);
    return unit_run(suite);
}
