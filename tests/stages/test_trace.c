// test_trace.c - a server's --trace is complete JSON, whatever ends the server

#include "lab/system_limits.h"
#include "tests/stages/launch.h"
#include "tests/stages/stages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char directory[1024];
static char path[1100];

static void make_directory(void)
{
    snprintf(directory, sizeof directory, "%s/thaw-trace-XXXXXX",
             limits_tmpdir());
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/trace", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

// Runs a program of the shell's on the trace, and returns what it printed.
static const char *read_with(const char *program)
{
    static char printed[64];
    char command[1400];
    snprintf(command, sizeof command, "%s <'%s' 2>&1", program, path);
    FILE *output = popen(command, "r");
    ck_assert_ptr_nonnull(output);
    size_t length = fread(printed, 1, sizeof printed - 1, output);
    printed[length] = '\0';
    int status = pclose(output);
    ck_assert_msg(status == 0, "%s: %s", program, printed);
    return printed;
}

// How many events it has. Two programs that did not write it must agree.
static int events(void)
{
    int count = (int)strtol(read_with("python3 -c 'import json, sys; "
                                      "print(len(json.load(sys.stdin)))'"),
                            NULL, 10);
    if (system("command -v jq >/dev/null") == 0)
        ck_assert_int_eq(count, (int)strtol(read_with("jq length"), NULL, 10));
    return count;
}

static void request_often(const struct server *stage, int count)
{
    struct client client;
    for (int i = 0; i < count; i++) {
        ck_assert(client_request_once(&client, stage->port, "GET", "/health",
                                      NULL, SOON));
        client_close(&client);
    }
}

enum { LOAD = 8, NAMES = 2, EACH = 3 }; // accept, request, response

// It is killed while clients have requests on their way.
START_TEST(a_killed_server_leaves_whole_events)
{
    struct server stage;
    struct client clients[LOAD];
    start(&stage, "--trace", path, NULL);
    request_often(&stage, 20);
    for (int i = 0; i < LOAD; i++) {
        client_open(&clients[i], stage.port);
        client_request(&clients[i], "GET", "/health", NULL);
    }
    poll(NULL, 0, _i % 4);
    server_signal(&stage, SIGKILL);
    ck_assert_int_eq(server_wait(&stage, SOON), -1);
    ck_assert_int_ge(events(), NAMES + 20 * EACH);
    close_all(clients, LOAD);
}
END_TEST

START_TEST(a_server_that_ends_has_traced_all)
{
    struct server stage;
    start(&stage, "--trace", path, NULL);
    request_often(&stage, 20);
    ck_assert_int_eq(server_stop(&stage), stage_under_test() == 1 ? -1 : 0);
    ck_assert_int_ge(events(), NAMES + 20 * EACH);
}
END_TEST

// SIGXFSZ ends a process that does not expect it.
START_TEST(a_trace_that_cannot_grow_costs_events_only)
{
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    struct server stage;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    start(&stage, "--trace", path, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    request_often(&stage, 50);
    ck_assert_int_ge(events(), 20);
    stop(&stage);
    ck_assert_int_ge(events(), 20);
}
END_TEST

START_TEST(a_start_on_a_taken_port_leaves_the_trace_alone)
{
    struct server stage;
    struct server second;
    char port[16];
    start(&stage, "--trace", path, NULL);
    request_often(&stage, 5);
    int before = events();
    snprintf(port, sizeof port, "%d", stage.port);
    const char *command[] = {NULL, "--port", port, "--trace", path};
    launch(&second, NULL, command, 5);
    ck_assert_int_eq(server_wait(&second, SOON), 1);
    ck_assert_int_ge(events(), before);
    stop(&stage);
    ck_assert_int_gt(events(), before);
}
END_TEST

START_TEST(a_start_on_a_taken_port_creates_no_file)
{
    struct server stage;
    struct server second;
    char port[16];
    start(&stage, NULL);
    snprintf(port, sizeof port, "%d", stage.port);
    const char *command[] = {NULL, "--port", port, "--trace", path};
    launch(&second, NULL, command, 5);
    ck_assert_int_eq(server_wait(&second, SOON), 1);
    ck_assert_int_eq(access(path, F_OK), -1);
    stop(&stage);
}
END_TEST

START_TEST(a_trace_of_another_server_is_named)
{
    struct server stage;
    struct server second;
    char expected[1300];
    start(&stage, "--trace", path, NULL);
    request_often(&stage, 1); // it listens before it opens the trace
    const char *command[] = {NULL, "--port", "0", "--trace", path};
    launch(&second, NULL, command, 5);
    ck_assert_int_eq(server_wait(&second, SOON), 1);
    snprintf(expected, sizeof expected, ": cannot write the trace %s: %s", path,
             strerror(EBUSY));
    ck_assert_msg(strstr(second.output.text, expected) != NULL, "%s",
                  second.output.text);
    stop(&stage);
    ck_assert_int_ge(events(), NAMES);
}
END_TEST

static void must_reject(const char *trace)
{
    struct server stage;
    const char *command[] = {NULL, "--port", "0", "--trace", trace};
    launch(&stage, NULL, command, 5);
    ck_assert_int_eq(server_wait(&stage, SOON), 2);
    ck_assert_msg(strstr(stage.output.text,
                         ": --trace: expected a regular file that can be "
                         "written, got ") != NULL,
                  "%s", stage.output.text);
}

// Twelve times, because whether it hung was a race with the reader.
START_TEST(a_fifo_or_a_directory_is_rejected)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    must_reject(path);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    for (int i = 0; i < 12; i++)
        must_reject(path);
    close(reader);
    must_reject(directory);
}
END_TEST

static const char *const devices[] = {"/dev/null",
#ifdef __linux__
                                      "/dev/full"
#endif
};

START_TEST(a_device_takes_a_trace)
{
    struct server stage;
    start(&stage, "--trace", devices[_i], NULL);
    request_often(&stage, 50);
    stop(&stage);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = add_tests(suite);
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_loop_test(tests, a_killed_server_leaves_whole_events, 0, 8);
    tcase_add_test(tests, a_server_that_ends_has_traced_all);
    tcase_add_test(tests, a_trace_that_cannot_grow_costs_events_only);
    tcase_add_test(tests, a_start_on_a_taken_port_leaves_the_trace_alone);
    tcase_add_test(tests, a_start_on_a_taken_port_creates_no_file);
    tcase_add_test(tests, a_trace_of_another_server_is_named);
    tcase_add_test(tests, a_fifo_or_a_directory_is_rejected);
    unit_add_rows(tests, a_device_takes_a_trace, devices);
    return unit_run(suite);
}
