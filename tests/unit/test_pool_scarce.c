// test_pool_scarce.c - memory and threads run out while a server starts
//
// Then it does not start, and errno says why. Threads that were started by then
// can still be joined.

#include "stage2_async/loop.h"
#include "stage4_slow/mailbox.h"
#include "stage4_slow/thread.h"
#include "stage5_queue/channel.h"
#include "stage6_pool/pool.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

enum { WORKERS = 4, JOBS = 20 };

static struct channel jobs; // of int
static atomic_int done;

static void *count_jobs(void *argument)
{
    (void)argument;
    int job;
    while (channel_receive(&jobs, &job))
        done++;
    return NULL;
}

START_TEST(a_channel_for_which_there_is_no_memory)
{
    scarce_memory(0);
    int result = channel_init(&jobs, JOBS, sizeof(int));
    int error = errno;
    ck_assert(scarce_end());
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, ENOMEM);
}
END_TEST

START_TEST(a_pool_for_which_there_is_no_memory)
{
    struct pool pool;
    scarce_memory(0);
    int result = pool_start(&pool, WORKERS, count_jobs);
    int error = errno;
    ck_assert(scarce_end());
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, ENOMEM);
    ck_assert_int_eq(pool.count, 0);
}
END_TEST

// A server may run with fewer workers: they do all jobs.
START_TEST(the_workers_that_were_started_run_on)
{
    struct pool pool;
    int threads = _i;
    ck_assert_int_eq(channel_init(&jobs, JOBS, sizeof(int)), 0);
    scarce_threads(threads);
    int result = pool_start(&pool, WORKERS, count_jobs);
    int error = errno;
    ck_assert(scarce_end());
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, EAGAIN);
    ck_assert_int_eq(pool.count, threads);
    for (int job = 0; job < JOBS; job++)
        ck_assert_int_eq(channel_try_send(&jobs, &job), CHANNEL_SENT);
    channel_close(&jobs);
    pool_join(&pool);
    ck_assert_int_eq(done, threads > 0 ? JOBS : 0);
    channel_destroy(&jobs);
}
END_TEST

static void *count_call(void *argument)
{
    done++;
    return argument;
}

START_TEST(a_thread_that_can_not_be_started_does_no_work)
{
    scarce_threads(0);
    bool is_started = thread_start(count_call, NULL);
    ck_assert(scarce_end());
    ck_assert(!is_started);
    ck_assert_int_eq(done, 0);
}
END_TEST

// Detaching it later might come after its end.
START_TEST(a_thread_is_detached_from_its_beginning)
{
    scarce_threads(1);
    bool is_started = thread_start(count_call, NULL);
    ck_assert(!scarce_end());
    ck_assert(is_started);
    ck_assert(scarce_thread_is_detached());
    while (done == 0)
        sched_yield();
}
END_TEST

static sigset_t blocked; // in the thread

static void *note_blocked(void *argument)
{
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    done++;
    return argument;
}

static void check_blocks(int number, bool is_blocked)
{
    sigset_t here;
    pthread_sigmask(SIG_BLOCK, NULL, &here);
    ck_assert_int_eq(sigismember(&blocked, number), is_blocked);
    ck_assert_int_eq(sigismember(&here, number), 0);
}

START_TEST(a_signal_to_stop_never_reaches_a_thread_that_may_end_before_it)
{
    ck_assert(thread_start(note_blocked, NULL));
    while (done == 0)
        sched_yield();
    check_blocks(SIGINT, true);
    check_blocks(SIGTERM, true);
    check_blocks(SIGSEGV, false);
}
END_TEST

START_TEST(a_mailbox_for_which_there_is_no_memory)
{
    for (int memory = 0; memory < 2; memory++) {
        struct loop loop;
        struct mailbox mailbox;
        loop_init(&loop);
        scarce_memory(memory);
        int result = mailbox_init(&mailbox, &loop);
        int error = errno;
        ck_assert(scarce_end());
        ck_assert_int_eq(result, -1);
        ck_assert_int_eq(error, ENOMEM);
        loop_destroy(&loop);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool scarce");
    TCase *tests = tcase_create("scarce");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_test(tests, a_channel_for_which_there_is_no_memory);
    tcase_add_test(tests, a_pool_for_which_there_is_no_memory);
    tcase_add_loop_test(tests, the_workers_that_were_started_run_on, 0,
                        WORKERS);
    tcase_add_test(tests, a_thread_that_can_not_be_started_does_no_work);
    tcase_add_test(tests, a_thread_is_detached_from_its_beginning);
    tcase_add_test(
        tests, a_signal_to_stop_never_reaches_a_thread_that_may_end_before_it);
    tcase_add_test(tests, a_mailbox_for_which_there_is_no_memory);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
