// test_trace.c - a trace is complete JSON at any moment
//
// Each test runs in a process of its own, and so begins without a trace.

#include "lib/base/clock.h"
#include "lib/base/trace.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[1024];
static char path[1100];

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/thaw-trace-XXXXXX",
             parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/trace", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

// The events in the file; it must be one JSON array, and end with a newline.
static json_t *load(void)
{
    json_error_t error;
    json_t *trace = json_load_file(path, 0, &error);
    ck_assert_msg(trace != NULL, "line %d: %s", error.line, error.text);
    ck_assert(json_is_array(trace));
    FILE *file = fopen(path, "r");
    ck_assert_int_eq(fseek(file, -3, SEEK_END), 0);
    char tail[4] = "";
    ck_assert_uint_eq(fread(tail, 1, 3, file), 3);
    ck_assert_str_eq(tail, "\n]\n");
    fclose(file);
    return trace;
}

static size_t events(void)
{
    json_t *trace = load();
    size_t count = json_array_size(trace);
    json_decref(trace);
    return count;
}

enum { NAMES = 2 }; // the events of trace_open: names for its lanes

START_TEST(each_event_is_in_the_file_at_once)
{
    ck_assert_int_eq(trace_open(path, "program"), 0);
    ck_assert(trace_is_on);
    ck_assert_uint_eq(events(), NAMES);
    trace_instant("accept", 7);
    ck_assert_uint_eq(events(), NAMES + 1);
    trace_span("work", clock_nanoseconds());
    ck_assert_uint_eq(events(), NAMES + 2);
    trace_count("channel", INT64_MIN);
    json_t *trace = load();
    ck_assert_uint_eq(json_array_size(trace), NAMES + 3);
    json_t *last = json_array_get(trace, NAMES + 2);
    ck_assert_str_eq(json_string_value(json_object_get(last, "ph")), "C");
    ck_assert_int_eq(json_integer_value(json_object_get(
                         json_object_get(last, "args"), "count")),
                     INT64_MIN);
    json_decref(trace);
}
END_TEST

START_TEST(a_line_is_an_event)
{
    char line[512];
    int lines = 0;
    ck_assert_int_eq(trace_open(path, "program"), 0);
    trace_instant("accept", 1);
    FILE *file = fopen(path, "r");
    while (fgets(line, sizeof line, file) != NULL) {
        ck_assert_int_eq(line[strlen(line) - 1], '\n');
        lines += line[strlen(line) - 2] == '}';
    }
    ck_assert_int_eq(lines, NAMES + 1);
    fclose(file);
}
END_TEST

START_TEST(what_was_in_the_file_is_gone)
{
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("an older and longer trace\n", file);
    fclose(file);
    ck_assert_int_eq(trace_open(path, "program"), 0);
    ck_assert_uint_eq(events(), NAMES);
}
END_TEST

enum { THREADS = 4, EACH = 500 };

static void *trace_often(void *argument)
{
    for (int i = 0; i < EACH; i++)
        trace_instant("accept", i);
    return argument;
}

START_TEST(events_of_threads_do_not_mix)
{
    pthread_t threads[THREADS];
    ck_assert_int_eq(trace_open(path, "program"), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, trace_often, NULL),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(events(), NAMES + THREADS * EACH);
}
END_TEST

// The child is between two events when SIGKILL comes. In the middle of a write,
// the kernel may stop between two pages (see trace.h).
START_TEST(a_killed_program_leaves_all_its_events)
{
    int ends[2];
    char byte;
    const int count = 100 + _i * 37;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (trace_open(path, "program") < 0)
            _exit(1);
        for (int i = 0; i < count; i++)
            trace_instant("accept", i);
        if (write(ends[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_uint_eq(events(), NAMES + (size_t)count);
    close(ends[0]);
}
END_TEST

// Lines that are a whole record.
static size_t whole_records(void)
{
    char line[256];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL)
        count +=
            strlen(line) >= 2 && strcmp(line + strlen(line) - 2, "}\n") == 0;
    fclose(file);
    return count;
}

// Here the child may be anywhere in its work: all but the last event are whole.
START_TEST(a_program_killed_in_a_write_leaves_all_events_before)
{
    int ends[2];
    char byte;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        if (trace_open(path, "program") < 0)
            _exit(1);
        for (int i = 0; write(ends[1], "", 1) == 1; i++)
            trace_instant("accept", i);
        _exit(1);
    }
    close(ends[1]);
    size_t begun = 0;
    while (begun < 100 + (size_t)_i * 37 && read(ends[0], &byte, 1) == 1)
        begun++;
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    while (read(ends[0], &byte, 1) == 1)
        begun++;
    ck_assert_uint_ge(whole_records() + 1, NAMES + begun);
    close(ends[0]);
}
END_TEST

static void limit_size(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// The limit is anywhere in an event, in its end, and between two.
START_TEST(a_file_that_may_not_grow_has_the_events_for_which_there_was_room)
{
    struct stat status;
    limit_size(1000 + (rlim_t)_i);
    ck_assert_int_eq(trace_open(path, "program"), 0);
    for (int i = 0; i < 100; i++)
        trace_instant("accept", i);
    ck_assert_int_ge((int)events(), NAMES + 5);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_le(status.st_size, 1000 + _i);
    ck_assert_int_ge(status.st_size, 850 + _i);
}
END_TEST

START_TEST(a_file_without_room_for_anything_is_an_error)
{
    limit_size(0);
    ck_assert_int_eq(trace_open(path, "program"), -1);
    ck_assert_int_eq(errno, EFBIG);
    ck_assert(!trace_is_on);
}
END_TEST

// Two programs in one file would make no trace at all.
START_TEST(a_trace_belongs_to_one_program)
{
    ck_assert_int_eq(trace_open(path, "program"), 0);
    trace_instant("accept", 1);
    pid_t child = fork();
    if (child == 0)
        _exit(trace_open(path, "other") < 0 && errno == EBUSY ? 42 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    trace_instant("accept", 2);
    ck_assert_uint_eq(events(), NAMES + 2);
}
END_TEST

START_TEST(the_next_program_may_have_the_file)
{
    pid_t child = fork();
    if (child == 0)
        _exit(trace_open(path, "first"));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(trace_open(path, "second"), 0);
    ck_assert_uint_eq(events(), NAMES);
}
END_TEST

// With a reader or without one, a FIFO must not even be opened.
START_TEST(a_fifo_is_no_trace)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert(!trace_accepts(path));
    ck_assert_int_eq(trace_open(path, "program"), -1);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    ck_assert(!trace_accepts(path));
    ck_assert_int_eq(trace_open(path, "program"), -1);
    ck_assert(!trace_is_on);
    close(reader);
}
END_TEST

static const char *const none[] = {"",
                                   "/tmp",
                                   "/tmp/",
                                   ".",
                                   "/no/such/trace",
                                   "/dev/null/trace",
                                   "/tmp/no-such/"};

START_TEST(what_is_no_file_is_no_trace)
{
    ck_assert(!trace_accepts(none[_i]));
    ck_assert_int_eq(trace_open(none[_i], "program"), -1);
    ck_assert(!trace_is_on);
}
END_TEST

START_TEST(a_check_creates_nothing)
{
    ck_assert(trace_accepts(path));
    ck_assert_int_eq(access(path, F_OK), -1);
    ck_assert_int_eq(chdir(directory), 0);
    ck_assert(trace_accepts("trace"));
    ck_assert_int_eq(access("trace", F_OK), -1);
    ck_assert_int_eq(trace_open("trace", "program"), 0);
    ck_assert(trace_accepts("trace"));
    ck_assert_uint_eq(events(), NAMES);
}
END_TEST

static const char *const devices[] = {"/dev/null",
#ifdef __linux__
                                      "/dev/full"
#endif
};

START_TEST(a_device_only_loses_events)
{
    ck_assert(trace_accepts(devices[_i]));
    ck_assert_int_eq(trace_open(devices[_i], "program"), 0);
    for (int i = 0; i < 1000; i++)
        trace_instant("accept", i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = tcase_create("trace");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_test(tests, each_event_is_in_the_file_at_once);
    tcase_add_test(tests, a_line_is_an_event);
    tcase_add_test(tests, what_was_in_the_file_is_gone);
    tcase_add_test(tests, events_of_threads_do_not_mix);
    tcase_add_loop_test(tests, a_killed_program_leaves_all_its_events, 0, 20);
    tcase_add_loop_test(
        tests, a_program_killed_in_a_write_leaves_all_events_before, 0, 20);
    tcase_add_loop_test(
        tests, a_file_that_may_not_grow_has_the_events_for_which_there_was_room,
        0, 150);
    tcase_add_test(tests, a_file_without_room_for_anything_is_an_error);
    tcase_add_test(tests, a_trace_belongs_to_one_program);
    tcase_add_test(tests, the_next_program_may_have_the_file);
    tcase_add_test(tests, a_fifo_is_no_trace);
    unit_add_rows(tests, what_is_no_file_is_no_trace, none);
    tcase_add_test(tests, a_check_creates_nothing);
    unit_add_rows(tests, a_device_only_loses_events, devices);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
