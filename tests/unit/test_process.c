// test_process.c - the state in which a program starts, and why it cannot

#include "lib/base/process.h"
#include "lib/base/net.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const int stopped_by[] = {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD};

static void (*action_of(int number))(int)
{
    struct sigaction action;
    ck_assert_int_eq(sigaction(number, NULL, &action), 0);
    return action.sa_handler;
}

START_TEST(an_ignored_signal_has_its_default_action_again)
{
    signal(stopped_by[_i], SIG_IGN);
    process_init();
    ck_assert(action_of(stopped_by[_i]) == SIG_DFL);
}
END_TEST

START_TEST(nohup_still_works)
{
    signal(SIGHUP, SIG_IGN);
    process_init();
    ck_assert(action_of(SIGHUP) == SIG_IGN);
}
END_TEST

START_TEST(no_signal_stays_blocked)
{
    sigset_t set;
    sigfillset(&set);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
    process_init();
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &set), 0);
    for (int number = 1; number < 32; number++)
        ck_assert_msg(sigismember(&set, number) != 1, "%d", number);
}
END_TEST

START_TEST(a_file_that_may_not_grow_ends_no_program)
{
    const struct rlimit small = {.rlim_cur = 10, .rlim_max = RLIM_INFINITY};
    char bytes[20] = "";
    process_init();
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(write(fileno(file), bytes, sizeof bytes), 10);
    ck_assert_int_eq(write(fileno(file), bytes, sizeof bytes), -1);
    ck_assert_int_eq(errno, EFBIG);
    fclose(file);
}
END_TEST

START_TEST(the_first_signal_is_a_wish_and_soon_after_it_the_same)
{
    ck_assert_int_eq(process_stop(), PROCESS_STOP);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(process_stop(), PROCESS_STOP_AGAIN);
    poll(NULL, 0, PROCESS_REPEAT_MS + 10);
    ck_assert_int_eq(process_stop(), PROCESS_STOP_NOW);
    ck_assert_int_eq(process_stop(), PROCESS_STOP_NOW);
}
END_TEST

START_TEST(a_fault_keeps_errno)
{
    ck_assert_str_eq(process_fault(), "start");
    errno = EACCES;
    ck_assert_int_eq(process_cannot("open the FIFO %s", "gate"), -1);
    ck_assert_int_eq(errno, EACCES);
    ck_assert_str_eq(process_fault(), "open the FIFO gate");
}
END_TEST

START_TEST(a_listener_says_its_address)
{
    ck_assert_int_eq(net_listen("192.0.2.1", 1), -1); // not ours: RFC 5737
    ck_assert_int_eq(errno, EADDRNOTAVAIL);
    ck_assert_str_eq(process_fault(), "listen on 192.0.2.1, port 1");
    ck_assert_int_eq(net_listen("nowhere", 2), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_str_eq(process_fault(), "listen on nowhere, port 2");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tests = tcase_create("process");
    tcase_set_timeout(tests, 60); // in seconds
    unit_add_rows(tests, an_ignored_signal_has_its_default_action_again,
                  stopped_by);
    tcase_add_test(tests, nohup_still_works);
    tcase_add_test(tests, no_signal_stays_blocked);
    tcase_add_test(tests, a_file_that_may_not_grow_ends_no_program);
    tcase_add_test(tests,
                   the_first_signal_is_a_wish_and_soon_after_it_the_same);
    tcase_add_test(tests, a_fault_keeps_errno);
    tcase_add_test(tests, a_listener_says_its_address);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
