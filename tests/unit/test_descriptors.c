// test_descriptors.c - there is no descriptor left, or one is missing
//
// Whoever needs one is told by -1 and EMFILE, and has kept none.

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

// The next descriptor that will be given: always the lowest one.
static int next_free(void)
{
    int descriptor = dup(STDIN_FILENO);
    ck_assert_int_ge(descriptor, 0);
    close(descriptor);
    return descriptor;
}

static rlim_t before;

// From now on so many more can be had.
static void leave(int count)
{
    struct rlimit few;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
    before = few.rlim_cur;
    few.rlim_cur = (rlim_t)next_free() + (rlim_t)count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void leave_all(void)
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
    int left; // descriptors
} needs[] = {
    {listen_somewhere, 0}, {open_pipe, 0}, {open_pipe, 1}, {open_trace, 0}};

START_TEST(who_finds_no_descriptor_says_so_and_keeps_none)
{
    int first_free = next_free();
    leave(needs[_i].left);
    int result = needs[_i].open();
    int error = errno;
    leave_all();
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, EMFILE);
    ck_assert_int_eq(next_free(), first_free);
    ck_assert(!trace_is_on);
}
END_TEST

START_TEST(a_client_that_finds_none_stays_in_the_backlog)
{
    int listener = net_listen("127.0.0.1", 0);
    int client = connect_to(listener);
    leave(0);
    int server = net_accept_nonblocking(listener);
    int error = errno;
    leave_all();
    ck_assert_int_eq(server, -1);
    ck_assert_int_eq(error, EMFILE);
    server = net_accept_nonblocking(listener);
    ck_assert_int_ge(server, 0);
    close(server);
    close(client);
    close(listener);
}
END_TEST

enum { LATER = 250 }; // in milliseconds: after two trials

static void *free_some_later(void *argument)
{
    poll(NULL, 0, LATER);
    leave_all();
    return argument;
}

// Trying again without a pause would take all of a processor.
START_TEST(whoever_waits_for_a_client_waits_for_a_descriptor)
{
    pthread_t thread;
    int listener = net_listen("127.0.0.1", 0);
    int client = connect_to(listener);
    leave(0);
    ck_assert_int_eq(pthread_create(&thread, NULL, free_some_later, NULL), 0);
    clock_t busy = clock();
    int server = net_wait_for_client(listener);
    busy = clock() - busy;
    pthread_join(thread, NULL);
    ck_assert_int_ge(server, 0);
    ck_assert_int_lt(busy, CLOCKS_PER_SEC * LATER / 2 / 1000);
    close(server);
    close(client);
    close(listener);
}
END_TEST

// Else the listener would get the number, and our printed lines.
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
START_TEST(a_trace_on_a_full_disk_harms_nobody)
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

// Valgrind keeps this limit by itself: the kernel accepts a client, and only
// then valgrind closes it, and says EMFILE. Nobody stays in the backlog.
static bool is_in_valgrind(void)
{
    const char *libraries = getenv("LD_PRELOAD");
    return libraries != NULL && strstr(libraries, "vgpreload") != NULL;
}

static void add_backlog_tests(TCase *tests)
{
    tcase_add_test(tests, a_client_that_finds_none_stays_in_the_backlog);
    tcase_add_test(tests, whoever_waits_for_a_client_waits_for_a_descriptor);
}

int main(void)
{
    Suite *suite = suite_create("descriptors");
    TCase *tests = tcase_create("descriptors");
    tcase_set_timeout(tests, 60); // in seconds
    unit_add_rows(tests, who_finds_no_descriptor_says_so_and_keeps_none, needs);
    if (!is_in_valgrind())
        add_backlog_tests(tests);
    tcase_add_test(tests, a_program_without_standard_descriptors_gets_some);
#ifdef __linux__
    tcase_add_test(tests, a_trace_on_a_full_disk_harms_nobody);
#endif
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
