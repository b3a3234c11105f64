// test_start.c - what a server inherits, and why it cannot start
//
// Whatever the program that starts it has blocked, ignored or closed: the
// server serves, and ends when it should.

#include "lab/servers/port.h"
#include "tests/stages/launch.h"
#include "tests/stages/stages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const ordinary[] = {NULL, "--port", "0", "--quiet"};
enum { ORDINARY = sizeof ordinary / sizeof ordinary[0] };

// Stage 1 has no graceful shutdown: the signal ends it, and not the SIGKILL of
// a server_wait that has waited for too long.
static void must_end(struct server *stage)
{
    int64_t end = clock_milliseconds() + SOON;
    siginfo_t found = {0};
    while (found.si_pid == 0 && clock_milliseconds() < end) {
        poll(NULL, 0, 2);
        waitid(P_PID, (id_t)stage->pid, &found, WEXITED | WNOHANG | WNOWAIT);
    }
    ck_assert_int_ne(found.si_pid, 0);
    ck_assert_int_eq(server_wait(stage, SOON),
                     stage_under_test() == 1 ? -1 : 0);
}

static void block_all(void)
{
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

// A shell that is not interactive ignores SIGINT in its background jobs.
static void ignore_all(void)
{
    static const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,
                                  SIGCHLD, SIGPIPE, SIGQUIT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], SIG_IGN);
}

static void block_and_ignore_all(void)
{
    block_all();
    ignore_all();
}

static void (*const inherited[])(void) = {block_all, ignore_all,
                                          block_and_ignore_all};

START_TEST(a_blocked_or_ignored_signal_still_ends_it)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct server stage;
    for (int i = 0; i < 2; i++) {
        launch(&stage, inherited[_i], ordinary, ORDINARY);
        launched(&stage);
        assert_alive(&stage);
        server_signal(&stage, numbers[i]);
        must_end(&stage);
    }
}
END_TEST

// After FIN and RST, a send raises SIGPIPE.
START_TEST(a_client_that_leaves_ends_no_server)
{
    struct server stage;
    struct client client;
    launch(&stage, inherited[_i], ordinary, ORDINARY);
    launched(&stage);
    for (int i = 0; i < 20; i++) {
        client_open(&client, stage.port);
        client_request(&client, "GET", "/health", NULL);
        client_reset(&client);
    }
    assert_alive(&stage);
    server_signal(&stage, SIGTERM);
    must_end(&stage);
}
END_TEST

START_TEST(nohup_is_respected)
{
    struct server stage;
    launch(&stage, ignore_all, ordinary, ORDINARY);
    launched(&stage);
    server_signal(&stage, SIGHUP);
    assert_alive(&stage);
    assert_alive(&stage);
    server_signal(&stage, SIGTERM);
    must_end(&stage);
}
END_TEST

static int closed; // one bit for each standard descriptor

static void close_some(void)
{
    for (int i = 0; i <= STDERR_FILENO; i++)
        if ((closed & 1 << i) != 0)
            close(i);
}

static void wait_until_alive(const struct server *stage)
{
    int64_t end = clock_milliseconds() + SOON;
    while (!port_is_listening(stage->port) && clock_milliseconds() < end)
        poll(NULL, 0, 2);
    assert_alive(stage);
}

// Without descriptor 1 the server prints its port for no reader.
START_TEST(without_standard_descriptors_it_serves)
{
    struct server stage;
    char port[16];
    int reservation;
    int number = port_reserve(&reservation);
    ck_assert_int_gt(number, 0);
    closed = _i;
    snprintf(port, sizeof port, "%d", number);
    const char *command[] = {NULL, "--port", port};
    launch(&stage, close_some, command, 3);
    stage.port = number;
    wait_until_alive(&stage);
    server_signal(&stage, SIGTERM);
    must_end(&stage);
    if ((closed & 2) == 0 && stage_under_test() > 1)
        ck_assert_ptr_nonnull(strstr(stage.output.text, " stopped: "));
    close(reservation);
}
END_TEST

static void must_say(const struct server *stage, const char *text)
{
    ck_assert_msg(strstr(stage->output.text, text) != NULL,
                  "expected %s; it said %s", text, stage->output.text);
}

START_TEST(a_taken_port_is_named)
{
    struct server stage;
    struct server second;
    char port[16];
    char expected[1200];
    start(&stage, NULL);
    snprintf(port, sizeof port, "%d", stage.port);
    const char *command[] = {NULL, "--port", port};
    launch(&second, NULL, command, 3);
    ck_assert_int_eq(server_wait(&second, SOON), 1);
    snprintf(expected, sizeof expected,
             "%s: cannot listen on 127.0.0.1, port %s: ",
             stage_name(server_under_test()), port);
    must_say(&second, expected);
    stop(&stage);
}
END_TEST

#ifdef __linux__
// The kernel counts threads for each user, but not for root.
enum { A_USER = 61338 };

static void become_a_user(void)
{
    if (getuid() == 0 && setuid(A_USER) < 0)
        _exit(126);
    if (access(stage_path(server_under_test()), X_OK) < 0)
        _exit(126);
}

static void allow_one_thread(void)
{
    const struct rlimit one = {.rlim_cur = 1, .rlim_max = 1};
    become_a_user();
    setrlimit(RLIMIT_NPROC, &one);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); // to detect them takes one
}

// Stages 5 and 6 start threads before their first client.
START_TEST(a_missing_thread_is_not_blamed_on_the_address)
{
    struct server stage;
    launch(&stage, allow_one_thread, ordinary, ORDINARY);
    int status = server_wait(&stage, SOON);
    if (status == 126 || getuid() != 0) // the limit may be reached elsewhere
        return;
    ck_assert_int_eq(status, 1);
    must_say(&stage, strerror(EAGAIN));
    must_say(&stage, "no thread is left");
    ck_assert_ptr_null(strstr(stage.output.text, "127.0.0.1"));
}
END_TEST

START_TEST(a_gate_without_permission_is_named)
{
    struct server stage;
    struct gate gate;
    ck_assert_msg(gate_open(&gate) == 0, "no FIFO");
    ck_assert_int_eq(chmod(gate.directory, 0755), 0);
    ck_assert_int_eq(chmod(gate.path, 0), 0);
    const char *command[] = {NULL, "--port", "0", "--work-gate", gate.path};
    launch(&stage, become_a_user, command, 5);
    int status = server_wait(&stage, SOON);
    gate_close(&gate);
    if (status == 126)
        return;
    ck_assert_int_eq(status, 2);
    must_say(&stage, ": --work-gate: expected a FIFO to read and write");
}
END_TEST

START_TEST(a_trace_without_permission_is_named)
{
    struct server stage;
    struct gate gate;
    char path[sizeof gate.directory + sizeof "/trace"];
    ck_assert_msg(gate_open(&gate) == 0, "no directory");
    ck_assert_int_eq(chmod(gate.directory, 0755), 0);
    snprintf(path, sizeof path, "%s/trace", gate.directory);
    const char *command[] = {NULL, "--port", "0", "--trace", path};
    int status = 0;
    if (getuid() == 0) {
        launch(&stage, become_a_user, command, 5);
        status = server_wait(&stage, SOON);
    }
    gate_close(&gate);
    if (status == 126 || getuid() != 0)
        return;
    ck_assert_int_eq(status, 2);
    must_say(&stage, ": --trace: expected ");
}
END_TEST
#endif

#ifdef TEST_MEMORY
static void limit_memory(void)
{
    enum { MEMORY_MAX = 40 * 1024 * 1024 };
    const struct rlimit scarce = {.rlim_cur = MEMORY_MAX,
                                  .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &scarce) < 0)
        _exit(126);
}

// Out of memory is the server's fault, and no time-out of the client.
START_TEST(without_memory_for_a_body_the_client_gets_a_500)
{
    enum { BODY = 60 * 1024 * 1024 };
    static const char *const arguments[] = {"--quiet", "--body-max-bytes",
                                            "100000000", NULL};
    struct server stage;
    struct client client;
    struct buffer request = {0};
    start_prepared(&stage, limit_memory, arguments);
    buffer_add_format(&request,
                      "POST / HTTP/1.1\r\nHost: a\r\n"
                      "Content-Length: %d\r\n\r\n",
                      BODY);
    static char body[BODY];
    buffer_add(&request, (struct slice){body, sizeof body});
    client_open(&client, stage.port);
    client_send(&client, buffer_slice(&request));
    buffer_destroy(&request);
    assert_response(&client, 500);
    ck_assert_ptr_nonnull(strstr(client.body.bytes, "internal_server_error"));
    ck_assert_ptr_nonnull(strstr(client.body.bytes, "no memory"));
    client_close(&client);
    stop(&stage);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("start");
    TCase *tests = add_tests(suite);
    unit_add_rows(tests, a_blocked_or_ignored_signal_still_ends_it, inherited);
    unit_add_rows(tests, a_client_that_leaves_ends_no_server, inherited);
    tcase_add_test(tests, nohup_is_respected);
    tcase_add_loop_test(tests, without_standard_descriptors_it_serves, 1, 8);
    tcase_add_test(tests, a_taken_port_is_named);
#ifdef __linux__
    if (stage_under_test() >= 5)
        tcase_add_test(tests, a_missing_thread_is_not_blamed_on_the_address);
    if (stage_under_test() >= 4)
        tcase_add_test(tests, a_gate_without_permission_is_named);
    tcase_add_test(tests, a_trace_without_permission_is_named);
#endif
#ifdef TEST_MEMORY
    if (stage_under_test() == 1)
        tcase_add_test(tests, without_memory_for_a_body_the_client_gets_a_500);
#endif
    return unit_run(suite);
}
