// test_descriptors.c - no descriptor is free, or a standard one is missing
//
// A function that needs one fails with -1 and EMFILE, and keeps none open.

#include "lib/base/clock.h"
#include "lib/base/net.h"
#include "lib/base/options.h"
#include "lib/base/trace.h"
#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

// The descriptor that the next call gets: always the lowest free one.
static int next_free(void)
{
    int descriptor = dup(STDIN_FILENO);
    ck_assert_int_ge(descriptor, 0);
    close(descriptor);
    return descriptor;
}

static rlim_t before;

// From now on only `count` more can be opened.
static void limit_to(int count)
{
    struct rlimit few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
    before = few.rlim_cur;
    few.rlim_cur = (rlim_t)next_free() + (rlim_t)count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void remove_limit(void)
{
    struct rlimit many;
    getrlimit(RLIMIT_NOFILE, &many);
    many.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &many);
}

static int listen_somewhere(void)
{
    return net_listen("127.0.0.1", 0);
}

static int open_pipe(void)
{
    int ends[2];
    return net_self_pipe(ends);
}

static int open_trace(void)
{
    return trace_open("/dev/null", "program");
}

static const struct {
    int (*open)(void);
    int free; // descriptors
} needs[] = {
    {listen_somewhere, 0}, {open_pipe, 0}, {open_pipe, 1}, {open_trace, 0}};

START_TEST(a_call_without_a_descriptor_fails_and_keeps_none)
{
    int first_free = next_free();
    limit_to(needs[_i].free);
    int result = needs[_i].open();
    int error = errno;
    remove_limit();
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, EMFILE);
    ck_assert_int_eq(next_free(), first_free);
    ck_assert(!trace_is_on);
}
END_TEST

START_TEST(without_a_descriptor_a_client_stays_in_the_backlog)
{
    int listener = net_listen("127.0.0.1", 0);
    int client = connect_to(listener);
    limit_to(0);
    int server = net_accept_nonblocking(listener);
    int error = errno;
    remove_limit();
    ck_assert_int_eq(server, -1);
    ck_assert_int_eq(error, EMFILE);
    server = net_accept_nonblocking(listener);
    ck_assert_int_ge(server, 0);
    close(server);
    close(client);
    close(listener);
}
END_TEST

enum { DELAY = 250 }; // in milliseconds: after two attempts

static void *free_some_after_a_delay(void *argument)
{
    poll(NULL, 0, DELAY);
    remove_limit();
    return argument;
}

// Without a pause, the attempts would keep a processor busy.
START_TEST(waiting_for_a_client_includes_waiting_for_a_descriptor)
{
    pthread_t thread;
    int listener = net_listen("127.0.0.1", 0);
    int client = connect_to(listener);
    limit_to(0);
    ck_assert_int_eq(
        pthread_create(&thread, NULL, free_some_after_a_delay, NULL), 0);
    clock_t busy = clock();
    int server = net_wait_for_client(listener);
    busy = clock() - busy;
    pthread_join(thread, NULL);
    ck_assert_int_ge(server, 0);
    ck_assert_int_lt(busy, CLOCKS_PER_SEC * DELAY / 2 / 1000);
    close(server);
    close(client);
    close(listener);
}
END_TEST

// Otherwise the listener would be descriptor 1, where our lines are printed.
START_TEST(a_program_without_standard_descriptors_gets_some)
{
    struct options options;
    int output = dup(STDOUT_FILENO); // Check's results go there
    ck_assert_int_gt(output, STDERR_FILENO);
    for (int i = 0; i <= STDERR_FILENO; i++)
        close(i);
    options_init(&options, "program", "has no standard descriptors");
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_gt(listener, STDERR_FILENO);
    for (int i = 0; i <= STDERR_FILENO; i++)
        ck_assert_int_ge(fcntl(i, F_GETFD), 0);
    ck_assert_int_eq(dup2(output, STDOUT_FILENO), STDOUT_FILENO);
    close(output);
    close(listener);
}
END_TEST

#ifdef __linux__
START_TEST(a_trace_on_a_full_disk_only_loses_events)
{
    ck_assert_int_eq(trace_open("/dev/full", "program"), 0);
    for (int i = 0; i < 1000; i++) {
        trace_instant("accept", i);
        trace_span("work", clock_nanoseconds());
        trace_count("channel", i);
    }
}
END_TEST
#endif

// Valgrind enforces this limit itself: the kernel accepts a client, then
// valgrind closes it and returns EMFILE. So the client does not stay in the
// backlog.
static bool is_in_valgrind(void)
{
    const char *libraries = getenv("LD_PRELOAD");
    return libraries != NULL && strstr(libraries, "vgpreload") != NULL;
}

static void add_backlog_tests(TCase *tests)
{
    tcase_add_test(tests, without_a_descriptor_a_client_stays_in_the_backlog);
    tcase_add_test(tests,
                   waiting_for_a_client_includes_waiting_for_a_descriptor);
}

int main(void)
{
    Suite *suite = suite_create("descriptors");
    TCase *tests = tcase_create("descriptors");
    tcase_set_timeout(tests, 60); // in seconds
    unit_add_rows(tests, a_call_without_a_descriptor_fails_and_keeps_none,
                  needs);
    if (!is_in_valgrind())
        add_backlog_tests(tests);
    tcase_add_test(tests, a_program_without_standard_descriptors_gets_some);
#ifdef __linux__
    tcase_add_test(tests, a_trace_on_a_full_disk_only_loses_events);
#endif
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
