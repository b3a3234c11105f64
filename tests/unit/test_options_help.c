// test_options_help.c - what --help and --version print

#include "lib/http/http_limits.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { COLUMNS = 80 }; // of a terminal

static struct options options;
static struct http_limits limits;
static int capacity;
static bool loud;
static const char *label;
static const char *gate;
static struct capture out;
static struct capture err;

// Runs "program first second", which prints to `out` alone and succeeds.
static void must_print(const char *first, const char *second)
{
    char *argv[] = {"program", (char *)first, (char *)second, NULL};
    capacity = 100;
    label = "none";
    options_init(&options, "program", "What it is for.");
    http_limits_add_options(&limits, &options);
    options_add_setting(&options, "--capacity", &capacity, 1, 1000,
                        "jobs that may wait");
    options_add_flag(&options, "--loud", &loud, "say more");
    options_add_text(&options, "--label", "TEXT", &label, "say this");
    options_add_text(&options, "--gate", "FIFO", &gate, "wait for this");
    capture_start(&out, stdout);
    capture_start(&err, stderr);
    bool accepted = options_parse(&options, second != NULL ? 3 : 2, argv);
    capture_stop(&err);
    capture_stop(&out);
    ck_assert(!accepted);
    ck_assert_int_eq(options.exit_status, EXIT_SUCCESS);
    ck_assert_str_eq(err.text, "");
}

// The line of --help that starts with this option.
static const char *line_of(const char *name)
{
    static char line[256];
    char start[64];
    snprintf(start, sizeof start, "\n  %s ", name);
    const char *found = strstr(out.text, start);
    ck_assert_msg(found != NULL, "no line for %s in:\n%s", name, out.text);
    snprintf(line, sizeof line, "%.*s", (int)strcspn(found + 1, "\n"),
             found + 1);
    return line;
}

START_TEST(help_starts_with_the_purpose_of_the_program)
{
    static const char start[] = "program - What it is for.\n"
                                "\n"
                                "Usage: program [OPTION...]\n"
                                "\n";
    must_print("--help", NULL);
    ck_assert_msg(strncmp(out.text, start, strlen(start)) == 0, "%s", out.text);
}
END_TEST

START_TEST(help_lists_every_option_once)
{
    must_print("--help", NULL);
    for (int i = 0; i < options.count; i++) {
        const struct option *option = &options.rows[i];
        const char *line = line_of(option->name);
        ck_assert_msg(strstr(line, option->help) != NULL, "%s", line);
        ck_assert_ptr_null(strstr(strstr(out.text, line) + strlen(line), line));
    }
    line_of("--help");
    line_of("--version");
}
END_TEST

static const struct {
    const char *name;
    const char *line;
} lines[] = {
    {"--bind",
     "  --bind ADDRESS             listen on this address (127.0.0.1)"},
    {"--port",
     "  --port N                   listen on this port, 0 for any free "
     "one (8080)"},
    {"--quiet", "  --quiet                    print no line per client or job"},
    {"--trace", "  --trace FILE               record what happens, for "
                "ui.perfetto.dev"},
    {"--line-max-bytes",
     "  --line-max-bytes N         bytes of a request line (8192)"},
    {"--header-max-bytes", "  --header-max-bytes N       bytes of request line "
                           "and header section (16384)"},
    {"--fields-max",
     "  --fields-max N             header fields of a request (100)"},
    {"--body-max-bytes",
     "  --body-max-bytes N         bytes of a request's body (1048576)"},
    {"--trailers-max-bytes",
     "  --trailers-max-bytes N     bytes of chunk extensions and "
     "trailers (8192)"},
    {"--capacity", "  --capacity N               jobs that may wait (100)"},
    {"--loud", "  --loud                     say more"},
    {"--label", "  --label TEXT               say this (none)"},
    {"--gate",
     "  --gate FIFO                wait for this"}, // without a default
    {"--help", "  --help                     print this, and exit"},
    {"--version", "  --version                  print the version, and exit"},
};

START_TEST(help_has_the_argument_and_the_default_of_each)
{
    must_print("--help", NULL);
    ck_assert_str_eq(line_of(lines[_i].name), lines[_i].line);
}
END_TEST

START_TEST(help_names_the_variables_of_the_environment)
{
    must_print("--help", NULL);
    ck_assert_ptr_nonnull(
        strstr(out.text, "\n\nRead from the environment, too: PORT, QUIET, "
                         "TRACE, BODY_MAX_BYTES, CAPACITY\n"));
}
END_TEST

START_TEST(help_fits_a_terminal)
{
    must_print("--help", NULL);
    for (const char *at = out.text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        ck_assert_msg(length <= COLUMNS, "%d columns: %.*s", (int)length,
                      (int)length, at);
        ck_assert_msg(length == 0 || at[length - 1] != ' ',
                      "a space at the end of: %.*s", (int)length, at);
        ck_assert_int_eq(at[length], '\n');
        at += length + 1;
    }
}
END_TEST

START_TEST(the_version_is_one_line)
{
    must_print("--version", NULL);
    ck_assert_str_eq(out.text, "program " THAW_VERSION "\n");
}
END_TEST

// A person who asks for help may have typed something wrong.
START_TEST(help_ends_the_parsing)
{
    must_print("--help", "--wrong");
    ck_assert_ptr_nonnull(strstr(out.text, "Usage: "));
    must_print("--version", "--wrong");
    must_print("--quiet", "--help");
    ck_assert_ptr_nonnull(strstr(out.text, "Usage: "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *help = tcase_create("help");
    tcase_add_test(help, help_starts_with_the_purpose_of_the_program);
    tcase_add_test(help, help_lists_every_option_once);
    unit_add_rows(help, help_has_the_argument_and_the_default_of_each, lines);
    tcase_add_test(help, help_names_the_variables_of_the_environment);
    tcase_add_test(help, help_fits_a_terminal);
    tcase_add_test(help, the_version_is_one_line);
    tcase_add_test(help, help_ends_the_parsing);
    suite_add_tcase(suite, help);
    return unit_run(suite);
}
