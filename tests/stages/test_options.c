// test_options.c - the command line of each program

#include "tests/stages/stages.h"

#include <errno.h>
#include <sys/wait.h>

// Runs the program as a shell does. Returns its exit status.
static int run(const char *arguments, char *printed, size_t size)
{
    char command[5000];
    snprintf(command, sizeof command, "'%s' %s 2>&1",
             stage_path(server_under_test()), arguments);
    FILE *output = popen(command, "r");
    ck_assert_ptr_nonnull(output);
    size_t length = fread(printed, 1, size - 1, output);
    printed[length] = '\0';
    int status = pclose(output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_run(const char *arguments, int status, const char *expected)
{
    char printed[8192];
    int found = run(arguments, printed, sizeof printed);
    int line = (int)strcspn(printed, "\n");
    ck_assert_msg(found == status && strstr(printed, expected) != NULL,
                  "%s: %d %.*s; expected %d %s", arguments, found, line,
                  printed, status, expected);
}

// Whether the server has what that stage has first. A lane is a worker.
static bool has(int stage, const char *text)
{
    return stage_under_test() >= stage &&
           (server_under_test() != LANES || strstr(text, "--workers") == NULL);
}

START_TEST(help_names_the_options_and_their_defaults)
{
    static const struct {
        int stage; // the first that has it
        const char *line;
    } lines[] = {
        {1, "--bind ADDRESS "},
        {1, "(127.0.0.1)"},
        {1, "--port N "},
        {1, "(8080)"},
        {1, "--quiet "},
        {1, "--help "},
        {1, "--version "},
        {1, "(8192)"},
        {1, "(16384)"},
        {1, "(100)"},
        {1, "(1048576)"},
        {2, "--idle-timeout-ms N "},
        {2, "(60000)"},
        {2, "(10000)"},
        {2, "(30000)"},
        {2, "--backend NAME "},
        {2, "(poll)"},
        {4, "--work-ms N "},
        {4, "(500)"},
        {4, "--work-cpu N "},
        {4, "--work-gate FIFO "},
        {4, "--users-max N "},
        {4, "(2000)"},
        {5, "--capacity N "},
        {6, "--workers N "},
        {6, "(4)"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (has(lines[i].stage, lines[i].line))
            assert_run("--help", 0, lines[i].line);
}
END_TEST

START_TEST(help_and_version_win_over_what_follows)
{
    char expected[64];
    snprintf(expected, sizeof expected, "%s %s\n",
             stage_name(server_under_test()), THAW_VERSION);
    assert_run("--version", 0, expected);
    assert_run("--port 0 --version --nonsense", 0, expected);
    assert_run("--help --nonsense", 0, "Usage: ");
}
END_TEST

// The message names the option, and the exit status is 2.
START_TEST(a_wrong_option_is_rejected_by_name)
{
    static const struct {
        int stage; // the first that has it
        const char *arguments;
        const char *expected;
    } rows[] = {
        {1, "--nonsense", "--nonsense"},
        {1, "nonsense", "nonsense"},
        {1, "--por 0", "--por"},
        {1, "--port", "--port"},
        {1, "--port 65536", "0 to 65535"},
        {1, "--port -1", "0 to 65535"},
        {1, "--port 1x", "0 to 65535"},
        {1, "--port=", "0 to 65535"},
        {1, "--port ' 1'", "0 to 65535"},
        {1, "--port 99999999999999999999", "0 to 65535"},
        {1, "--bind localhost", "--bind"},
        {1, "--quiet=yes", "--quiet"},
        {2, "--header-timeout-ms 0", "--header-timeout-ms"},
        {2, "--backend kqueue", "expected poll, or on Linux epoll"},
        {4, "--work-ms -1", "--work-ms"},
        {4, "--work-cpu -1", "--work-cpu"},
        {4, "--work-gate /nonexistent", "--work-gate"},
        {4, "--work-gate /dev/null", "--work-gate"},
        {4, "--users-max 0", "--users-max"},
        {4, "--users-max 1000001", "--users-max"},
        {5, "--capacity 0", "--capacity"},
        {6, "--workers 0", "--workers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (has(rows[i].stage, rows[i].arguments))
            assert_run(rows[i].arguments, 2, rows[i].expected);
}
END_TEST

// With twenty people on one machine, that is what most of them see first.
START_TEST(a_port_that_is_taken_is_an_error_with_a_hint)
{
    struct server stage;
    char arguments[32];
    char hint[32];
    start(&stage, NULL);
    snprintf(arguments, sizeof arguments, "--port=%d", stage.port);
    snprintf(hint, sizeof hint, "export PORT=%d",
             stage.port < 65535 ? stage.port + 1 : 8080);
    assert_run(arguments, 1, strerror(EADDRINUSE));
    assert_run(arguments, 1, hint);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = add_tests(suite);
    tcase_add_test(tests, help_names_the_options_and_their_defaults);
    tcase_add_test(tests, help_and_version_win_over_what_follows);
    tcase_add_test(tests, a_wrong_option_is_rejected_by_name);
    tcase_add_test(tests, a_port_that_is_taken_is_an_error_with_a_hint);
    return unit_run(suite);
}
