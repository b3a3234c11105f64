// test_process_metrics.c - what the process tells of itself, beside what the
// system says

// POSIX has no chroot any more.
#define _DEFAULT_SOURCE // NOLINT(bugprone-reserved-identifier): it is libc's

#include "lib/service/process_metrics.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef THAW_SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static const double missing = -1;
static struct buffer text;

static const char *written(void)
{
    buffer_clear(&text);
    process_metrics_write(&text);
    buffer_add(&text, (struct slice){"", 1}); // the NUL
    ck_assert(!text.failed);
    return text.bytes;
}

static double value_of(const char *name)
{
    char start[96];
    double value;
    snprintf(start, sizeof start, "\n%s ", name);
    const char *at = strstr(written(), start);
    if (at == NULL)
        return missing;
    ck_assert_int_eq(sscanf(at + strlen(start), "%lf", &value), 1);
    return value;
}

static bool has_proc(void)
{
    return access("/proc/self/stat", R_OK) == 0;
}

static double cpu_by_getrusage(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// 0.1 s of it, however long that takes.
static void use_cpu(void)
{
    double end = cpu_by_getrusage() + 0.1;
    while (cpu_by_getrusage() < end)
        ;
}

START_TEST(cpu_time_is_what_getrusage_says)
{
    use_cpu();
    double before = cpu_by_getrusage();
    double told = value_of("process_cpu_seconds_total");
    ck_assert_double_ge(told, before - 1e-6);
    ck_assert_double_le(told, cpu_by_getrusage() + 1e-6);
    use_cpu();
    ck_assert_double_ge(value_of("process_cpu_seconds_total"), told + 0.1);
}
END_TEST

static double pages_of_statm(int field)
{
    double pages[2];
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lf %lf", &pages[0], &pages[1]), 2);
    fclose(file);
    return pages[field] * (double)sysconf(_SC_PAGESIZE);
}

// Within 4 MiB: memory comes and goes between the two looks.
START_TEST(memory_is_what_proc_says_and_grows_with_what_is_used)
{
    enum { MORE = 64 << 20 }; // in bytes
    if (!has_proc())
        return;
    double before = value_of("process_resident_memory_bytes");
    ck_assert_double_eq_tol(before, pages_of_statm(1), 4 << 20);
    ck_assert_double_eq_tol(value_of("process_virtual_memory_bytes"),
                            pages_of_statm(0), 4 << 20);
    char *memory = malloc(MORE);
    ck_assert_ptr_nonnull(memory);
    volatile char *used = memory;
    for (size_t i = 0; i < MORE; i += 1024)
        used[i] = 1;
    ck_assert_double_ge(value_of("process_resident_memory_bytes"),
                        before + 0.9 * MORE);
    free(memory);
}
END_TEST

static void *wait_for_unlock(void *mutex)
{
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
    return NULL;
}

START_TEST(threads_are_counted)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    if (!has_proc())
        return;
    double before = 0; // when one is started: a sanitizer starts its own, too
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, wait_for_unlock, &mutex), 0);
        before = i == 0 ? value_of("process_threads") : before;
    }
    ck_assert_double_ge(before, 2);
    ck_assert_double_eq(value_of("process_threads"), before + THREADS - 1);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

static void descriptors_must_be_counted(void)
{
    int opened[7];
    double before = value_of("process_open_fds");
    ck_assert_double_ge(before, 3);
    for (int i = 0; i < 7; i++) {
        opened[i] = dup(STDERR_FILENO);
        ck_assert_int_ge(opened[i], 0);
    }
    ck_assert_double_eq(value_of("process_open_fds"), before + 7);
    for (int i = 0; i < 7; i++)
        close(opened[i]);
    ck_assert_double_eq(value_of("process_open_fds"), before);
}

// Not more than the 65,536 up to which descriptors are counted without /proc.
static void set_limit(rlim_t count)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(open_descriptors_are_counted)
{
    set_limit(77);
    descriptors_must_be_counted();
    ck_assert_double_eq(value_of("process_max_fds"), 77);
}
END_TEST

// Of those below the limit; valgrind has some of its own above it.
static int open_below(int limit)
{
    int count = 0;
    for (int i = 0; i < limit; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

START_TEST(without_proc_there_is_less_and_descriptors_are_counted)
{
    set_limit(300); // more than poll is asked at a time
    ck_assert_double_ge(value_of("process_open_fds"), open_below(300));
    // Only root may: a server has no /proc then, and neither has what looks for
    // leaks at the end.
    if (is_sanitized || chroot("/usr") < 0)
        return;
    ck_assert_double_eq(value_of("process_open_fds"), open_below(300));
    descriptors_must_be_counted();
    ck_assert_int_eq(dup2(STDERR_FILENO, 299), 299);
    ck_assert_double_eq(value_of("process_open_fds"), open_below(300));
    ck_assert_double_eq(value_of("process_resident_memory_bytes"), missing);
    ck_assert_double_eq(value_of("process_threads"), missing);
    ck_assert_double_ge(value_of("process_cpu_seconds_total"), 0);
    ck_assert_double_eq(value_of("process_max_fds"), 300);
}
END_TEST

START_TEST(without_a_free_descriptor_there_is_less_and_no_error)
{
    int last = STDERR_FILENO;
    for (int one = last; one >= 0; one = dup(STDERR_FILENO))
        last = one;
    ck_assert_int_eq(errno, EMFILE);
    ck_assert_double_eq(value_of("process_resident_memory_bytes"), missing);
    ck_assert_double_ge(value_of("process_cpu_seconds_total"), 0);
    ck_assert_double_ge(value_of("process_open_fds"),
                        value_of("process_max_fds"));
    close(last); // what looks for leaks at the end needs one
}
END_TEST

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

START_TEST(the_start_is_when_process_init_was_called)
{
    double before = now();
    process_init();
    double told = value_of("process_start_time_seconds");
    ck_assert_double_ge(told, before - 0.001); // in whole milliseconds
    ck_assert_double_le(told, now());
    ck_assert_double_eq(value_of("process_start_time_seconds"), told);
}
END_TEST

START_TEST(the_build_has_the_program_and_the_version)
{
    ck_assert_ptr_eq(strstr(written(), "thaw_build_info"), NULL);
    process_metrics_name("stage5_queue");
    ck_assert_ptr_nonnull(strstr(written(),
                                 "\nthaw_build_info{stage=\"stage5_queue\","
                                 "version=\"" THAW_VERSION "\"} 1\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process_metrics");
    TCase *tests = tcase_create("process_metrics");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, cpu_time_is_what_getrusage_says);
    tcase_add_test(tests, memory_is_what_proc_says_and_grows_with_what_is_used);
    tcase_add_test(tests, threads_are_counted);
    tcase_add_test(tests, open_descriptors_are_counted);
    tcase_add_test(tests,
                   without_proc_there_is_less_and_descriptors_are_counted);
    tcase_add_test(tests, without_a_free_descriptor_there_is_less_and_no_error);
    tcase_add_test(tests, the_start_is_when_process_init_was_called);
    tcase_add_test(tests, the_build_has_the_program_and_the_version);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
