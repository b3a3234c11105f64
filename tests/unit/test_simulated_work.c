// test_simulated_work.c - work that takes its time, or waits for a byte
//
// Work that never ends is a test that never ends, until Check kills it.

#include "stage4_slow/simulated_work.h"
#include "stage4_slow/computing.h"
#include "lib/base/clock.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char directory[1024]; // in TMPDIR
static char path[sizeof directory + sizeof "/gate"];
static struct options options;
static struct simulated_work simulated;

static void make_fifo(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/thaw-work-XXXXXX",
             parent != NULL && parent[0] != '\0' ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/gate", directory);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void remove_fifo(void)
{
    unlink(path);
    rmdir(directory);
}

// Whether a server with this command line would start.
static bool takes(const char *option, const char *value)
{
    char name[32];
    char text[sizeof path];
    char *arguments[] = {"stage4_slow", name, text, NULL};
    snprintf(name, sizeof name, "%s", option);
    snprintf(text, sizeof text, "%s", value);
    options_init(&options, "stage4_slow", "slow work under one mutex");
    simulated_work_add_options(&simulated, &options);
    return options_parse(&options, 3, arguments) &&
           simulated_work_init(&simulated) == 0;
}

static void write_bytes(const char *bytes)
{
    int gate = open(path, O_WRONLY);
    ck_assert_int_ge(gate, 0);
    ssize_t written = write(gate, bytes, strlen(bytes));
    ck_assert_int_eq(written, (ssize_t)strlen(bytes));
    close(gate);
}

static int bytes_left(void)
{
    char bytes[16];
    ck_assert_int_eq(net_set_nonblocking(simulated.gate), 0);
    ssize_t count = read(simulated.gate, bytes, sizeof bytes);
    return count < 0 && errno == EAGAIN ? 0 : (int)count;
}

START_TEST(one_byte_finishes_one_piece)
{
    ck_assert(takes("--work-gate", path));
    write_bytes("xxxxx");
    for (int i = 0; i < 3; i++)
        simulated_work_run(&simulated, 0);
    ck_assert_int_eq(bytes_left(), 2);
}
END_TEST

// `printf x >gate` opens the FIFO and closes it again. Reading a FIFO without a
// writer would not wait, but return 0.
START_TEST(the_gate_stays_open_when_its_writer_closes_it)
{
    ck_assert(takes("--work-gate", path));
    write_bytes("x");
    simulated_work_run(&simulated, 0);
    ck_assert_int_eq(net_set_nonblocking(simulated.gate), 0);
    char byte;
    ck_assert_int_eq(read(simulated.gate, &byte, 1), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

enum { PIECES = 3 };
static atomic_int done;
static int finished[2]; // a pipe: one byte for each piece

static void *work(void *argument)
{
    for (int i = 0; i < PIECES; i++) {
        simulated_work_run(&simulated, 0);
        done++;
        ck_assert_int_eq(write(finished[1], "!", 1), 1);
    }
    return argument;
}

START_TEST(a_piece_waits_for_its_byte)
{
    pthread_t thread;
    char byte;
    ck_assert(takes("--work-gate", path));
    ck_assert_int_eq(pipe(finished), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, work, NULL), 0);
    for (int i = 0; i < PIECES; i++) {
        ck_assert_int_eq(done, i);
        write_bytes("x");
        ck_assert_int_eq(read(finished[0], &byte, 1), 1);
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(done, PIECES);
}
END_TEST

// 1001: nanosleep takes seconds and nanoseconds apart.
static const int durations[] = {0, 1, 30, 1001}; // in milliseconds

START_TEST(without_a_gate_it_takes_its_time)
{
    int64_t expected = durations[_i];
    char value[16];
    snprintf(value, sizeof value, "%d", durations[_i]);
    ck_assert(takes("--work-ms", value));
    int64_t start = clock_nanoseconds();
    simulated_work_run(&simulated, 0);
    ck_assert_int_ge(clock_nanoseconds() - start, expected * 1000000);
    ck_assert_int_ge(metrics_get(METRIC_WORK_NANOSECONDS), expected * 1000000);
}
END_TEST

// In milliseconds, of this thread.
static int64_t cpu_time_of_a_piece(const char *option, const char *value)
{
    struct timespec start;
    struct timespec end;
    ck_assert(takes(option, value));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    simulated_work_run(&simulated, 0);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (int64_t)(end.tv_sec - start.tv_sec) * 1000 +
           (end.tv_nsec - start.tv_nsec) / 1000000;
}

// The work is a number of steps, and a busy machine needs longer for each: so
// the upper limit is generous.
START_TEST(it_computes_or_waits)
{
    int64_t computed = cpu_time_of_a_piece("--work-cpu", "100");
    ck_assert_int_ge(computed, 50);
    ck_assert_int_le(computed, 1000);
    ck_assert_int_lt(cpu_time_of_a_piece("--work-ms", "100"), 50);
}
END_TEST

START_TEST(so_long_is_so_many_steps)
{
    ck_assert_int_gt(computing_steps_per_ms(), 1000);
    ck_assert(takes("--work-cpu", "3600000"));
    ck_assert_int_gt(simulated.steps, INT64_C(3600000) * 1000);
    ck_assert(takes("--work-cpu", "0"));
    ck_assert_int_eq(simulated.steps, 0);
}
END_TEST

START_TEST(with_a_gate_it_does_not_compute)
{
    ck_assert(takes("--work-gate", path));
    simulated.cpu_ms = 3600000;
    write_bytes("x");
    simulated_work_run(&simulated, 0);
    ck_assert_int_eq(bytes_left(), 0);
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

static atomic_bool is_over;

static void *send_signals(void *thread)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!is_over) {
        pthread_kill(*(const pthread_t *)thread, SIGUSR1);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

// A signal ends a nanosleep early. The work must sleep on.
START_TEST(signals_do_not_shorten_the_work)
{
    pthread_t sender;
    pthread_t worker = pthread_self();
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    ck_assert(takes("--work-ms", "50"));
    ck_assert_int_eq(pthread_create(&sender, NULL, send_signals, &worker), 0);
    int64_t start = clock_milliseconds();
    simulated_work_run(&simulated, 0);
    int64_t elapsed = clock_milliseconds() - start;
    is_over = true;
    pthread_join(sender, NULL);
    ck_assert_int_ge(elapsed, 49); // both readings are rounded down
}
END_TEST

START_TEST(only_a_fifo_can_be_the_gate)
{
    ck_assert(!takes("--work-gate", directory));
    ck_assert(!takes("--work-gate", "/dev/null"));
    ck_assert(!takes("--work-gate", "/no/such/fifo"));
    ck_assert(takes("--work-gate", path));
}
END_TEST

static Suite *work_suite(void)
{
    Suite *suite = suite_create("simulated work");
    TCase *gate = tcase_create("the gate");
    tcase_add_checked_fixture(gate, make_fifo, remove_fifo);
    tcase_add_test(gate, one_byte_finishes_one_piece);
    tcase_add_test(gate, the_gate_stays_open_when_its_writer_closes_it);
    tcase_add_test(gate, a_piece_waits_for_its_byte);
    tcase_add_test(gate, with_a_gate_it_does_not_compute);
    tcase_add_test(gate, only_a_fifo_can_be_the_gate);
    suite_add_tcase(suite, gate);
    TCase *time = tcase_create("time");
    unit_add_rows(time, without_a_gate_it_takes_its_time, durations);
    tcase_add_test(time, it_computes_or_waits);
    tcase_add_test(time, so_long_is_so_many_steps);
    tcase_add_test(time, signals_do_not_shorten_the_work);
    suite_add_tcase(suite, time);
    return suite;
}

int main(void)
{
    return unit_run(work_suite());
}
