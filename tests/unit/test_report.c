// test_report.c - the lines that a server prints

#include "lib/service/report.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct capture out;
static struct capture errors;

static void capture_out(void)
{
    capture_start(&out, stdout);
}

static void stop_capture(void)
{
    if (out.file != NULL)
        capture_stop(&out);
    out.file = NULL;
}

// What was printed since the start of the test.
static const char *printed(void)
{
    stop_capture();
    return out.text;
}

static void report_a_listener(bool quiet)
{
    struct options options = {.program = "program", .quiet = quiet};
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_eq(report_listening(&options, listener), 0);
    close(listener);
}

START_TEST(the_first_line_says_where_to_connect)
{
    char url[NET_URL_SIZE];
    char line[128];
    const struct options options = {.program = "program"};
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_eq(net_url(listener, url), 0);
    ck_assert_int_eq(report_listening(&options, listener), 0);
    snprintf(line, sizeof line, "program listening on %s\n", url);
    ck_assert_str_eq(printed(), line);
    close(listener);
}
END_TEST

START_TEST(nothing_is_printed_without_a_listener)
{
    const struct options options = {.program = "program"};
    ck_assert_int_eq(report_listening(&options, -1), -1);
    ck_assert_str_eq(printed(), "");
}
END_TEST

// A script reads the port in this line, from a pipe.
START_TEST(a_line_is_written_as_soon_as_it_is_complete)
{
    const struct event event = {"alice", "buy", 100};
    report_a_listener(false);
    capture_look(&out);
    ck_assert_ptr_nonnull(strstr(out.text, "listening on http://127.0.0.1:"));
    report_event("worker", 1, &event, STORE_ADDED, 300);
    capture_look(&out);
    ck_assert_ptr_nonnull(strstr(out.text, "worker 1: alice +100 = 300\n"));
}
END_TEST

static const struct {
    const char *role;
    int number;
    int64_t amount;
    enum store_result result;
    int64_t balance;
    const char *line;
} events[] = {
    {"worker", 1, 100, STORE_ADDED, 300, "worker 1: alice +100 = 300\n"},
    {"worker", 1000, -7, STORE_ADDED, -7, "worker 1000: alice -7 = -7\n"},
    {"thread", 0, 0, STORE_ADDED, 0, "thread: alice +0 = 0\n"},
    {"worker", 2, INT64_MIN, STORE_ADDED, INT64_MIN,
     "worker 2: alice -9223372036854775808 = -9223372036854775808\n"},
    {"worker", 2, INT64_MAX, STORE_OVERFLOW, 0,
     "worker 2: alice +9223372036854775807 failed: it would overflow the "
     "balance\n"},
    {"thread", 0, -1, STORE_FULL, 0,
     "thread: alice -1 failed: it would be a user too many\n"},
};

START_TEST(a_line_has_the_result_of_an_event)
{
    const struct event event = {"alice", "buy", events[_i].amount};
    report_event(events[_i].role, events[_i].number, &event, events[_i].result,
                 events[_i].balance);
    ck_assert_str_eq(printed(), events[_i].line);
}
END_TEST

static const struct {
    const char *name;
    const char *user;
    const char *shown;
} users[] = {
    {"ASCII", "~alice_01 {%s}", "~alice_01 {%s}"},
    {"other languages", "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80",
     "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"},
    {"a no-break space, the first after C1", "\xc2\xa0", "\xc2\xa0"},
    {"a line of its own", "a\nworker 9: bob", "a?worker 9: bob"},
    {"back to the start of the line", "a\rb", "a?b"},
    {"the screen is cleared", "\x1b[2J", "?[2J"},
    {"the title is changed", "\x1b]0;x\a", "?]0;x?"},
    {"the first and the last of C0", "\x01\x1f", "??"},
    {"delete", "a\x7f", "a?"},
    // C1, in UTF-8: U+009B alone means the same as ESC and [.
    {"the screen is cleared in C1",
     "a\xc2\x9b"
     "2J",
     "a??2J"},
    {"the first and the last of C1", "\xc2\x80\xc2\x9f", "????"},
    // NOLINTBEGIN(misc-misleading-bidirectional): such names are the test.
    // What changes the order of the other characters in the line, or ends it:
    // U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069.
    {"what follows is shown from right to left",
     "\xe2\x80\xae"
     "evil",
     "???evil"},
    {"marks of a direction", "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "????????"},
    {"separators of lines and of paragraphs", "\xe2\x80\xa8\xe2\x80\xa9",
     "??????"},
    {"embeddings and overrides",
     "\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad", "????????????"},
    {"isolates", "\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9",
     "????????????"},
    // NOLINTEND(misc-misleading-bidirectional)
    {"the characters before and after these",
     "\xd8\x9b\xd8\x9d\xe2\x80\x8a\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf"
     "\xe2\x81\x9f\xe2\x81\xb0",
     "\xd8\x9b\xd8\x9d\xe2\x80\x8a\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf"
     "\xe2\x81\x9f\xe2\x81\xb0"},
    {"Arabic and Hebrew", "\xd8\xa8\xd7\xa9", "\xd8\xa8\xd7\xa9"},
};

START_TEST(no_control_character_of_a_name_reaches_the_terminal)
{
    char line[64];
    struct event event = {.amount = 1};
    snprintf(event.user, sizeof event.user, "%s", users[_i].user);
    report_event("worker", 1, &event, STORE_ADDED, 1);
    snprintf(line, sizeof line, "worker 1: %s +1 = 1\n", users[_i].shown);
    ck_assert_msg(strcmp(printed(), line) == 0, "%s", users[_i].name);
    ck_assert_str_eq(event.user, users[_i].user); // only the line is changed
}
END_TEST

START_TEST(the_longest_name_is_printed_whole)
{
    struct event event = {.amount = 1};
    memset(event.user, 'x', EVENT_NAME_MAX);
    report_event("worker", 1, &event, STORE_ADDED, 1);
    const char *name = strchr(printed(), 'x');
    ck_assert_ptr_nonnull(name);
    ck_assert_uint_eq(strspn(name, "x"), EVENT_NAME_MAX);
    ck_assert_str_eq(name + EVENT_NAME_MAX, " +1 = 1\n");
}
END_TEST

START_TEST(with_quiet_only_the_first_and_the_last_line_are_printed)
{
    const struct event event = {"alice", "buy", 100};
    report_a_listener(true);
    report_event("worker", 1, &event, STORE_ADDED, 300);
    report_event("worker", 1, &event, STORE_OVERFLOW, 300);
    report_tally("program");
    const char *second = strchr(printed(), '\n') + 1;
    ck_assert_ptr_nonnull(strstr(out.text, "program listening on http://"));
    ck_assert_str_eq(second, "program stopped: 0 requests\n");
}
END_TEST

START_TEST(what_is_still_to_do_is_said_once)
{
    metrics_set_work();
    metrics_add(METRIC_EVENTS_ACCEPTED, 6);
    metrics_add(METRIC_EVENTS_DONE, 2);
    metrics_add(METRIC_EVENTS_FAILED, 1);
    report_stopping("program", 1);
    report_stopping("program", 0);
    ck_assert_str_eq(printed(),
                     "program stopping: 1 requests are in progress, 3 accepted "
                     "events are not done; another signal, 1 s after the "
                     "first, drops them\n");
}
END_TEST

START_TEST(nothing_is_said_when_nothing_is_to_do)
{
    metrics_set_work();
    metrics_add(METRIC_EVENTS_ACCEPTED, 5);
    metrics_add(METRIC_EVENTS_DONE, 4);
    metrics_add(METRIC_EVENTS_FAILED, 1);
    report_stopping("program", 0);
    ck_assert_str_eq(printed(), "");
}
END_TEST

// Stage 3 accepts events, and none is ever done.
START_TEST(a_server_without_work_has_no_events_to_do)
{
    metrics_add(METRIC_EVENTS_ACCEPTED, 5);
    report_stopping("program", 0);
    report_stopping("program", 2);
    report_tally("program");
    ck_assert_str_eq(printed(),
                     "program stopping: 2 requests are in progress; another "
                     "signal, 1 s after the first, drops them\n"
                     "program stopped: 0 requests; events: 5 accepted, "
                     "0 rejected, 0 invalid\n");
}
END_TEST

START_TEST(stored_events_are_never_dropped)
{
    metrics_set_work();
    report_stored("program", "some.db", 0);
    metrics_add(METRIC_EVENTS_ACCEPTED, 5);
    metrics_add(METRIC_EVENTS_DONE, 2);
    report_stopping("program", 1);
    report_tally("program");
    ck_assert_str_eq(printed(),
                     "program stopping: 1 requests are in progress, 3 accepted "
                     "events are not done; another signal, 1 s after the "
                     "first, drops the requests alone: events stay in some.db\n"
                     "program stopped: 0 requests; events: 5 accepted, "
                     "0 rejected, 0 invalid, 2 done, 0 failed; 3 stay in "
                     "some.db\n");
}
END_TEST

START_TEST(stored_events_that_are_back_are_counted_in_a_line)
{
    report_stored("program", "some.db", 7);
    ck_assert_str_eq(printed(),
                     "program: 7 accepted events are back from some.db\n");
}
END_TEST

START_TEST(a_second_signal_says_where_stored_events_are)
{
    capture_start(&errors, stderr);
    metrics_set_work();
    report_stored("program", "some.db", 0);
    metrics_add(METRIC_EVENTS_ACCEPTED, 5);
    metrics_add(METRIC_EVENTS_DONE, 2);
    metrics_add(METRIC_OPEN_CONNECTIONS, 4);
    report_dropped("program");
    capture_stop(&errors);
    ck_assert_str_eq(errors.text,
                     "program stopped at once: dropped 4 connections; 3 "
                     "accepted events stay in some.db\n");
}
END_TEST

// `server 2>&1 | less`, for example: nothing may keep the process.
START_TEST(a_second_signal_does_not_wait_for_who_reads_its_line)
{
    int pair[2];
    int saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe(pair), 0);
    ck_assert_int_eq(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
    while (write(pair[1], "x", 1) == 1)
        ;
    ck_assert_int_eq(fcntl(pair[1], F_SETFL, 0), 0);
    ck_assert_int_ge(dup2(pair[1], STDERR_FILENO), 0);
    report_dropped("program");
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

START_TEST(the_tally_without_events_has_only_requests)
{
    metrics_count_request(HTTP_OK);
    metrics_count_request(HTTP_BAD_REQUEST);
    report_tally("program");
    ck_assert_str_eq(printed(), "program stopped: 2 requests\n");
}
END_TEST

START_TEST(the_tally_has_the_results_of_the_events)
{
    metrics_count_request(HTTP_ACCEPTED);
    metrics_add(METRIC_EVENTS_ACCEPTED, 10);
    metrics_add(METRIC_EVENTS_REJECTED, 2);
    metrics_add(METRIC_EVENTS_INVALID, 3);
    metrics_add(METRIC_EVENTS_DONE, 8);
    metrics_add(METRIC_EVENTS_FAILED, 1);
    metrics_set_work();
    report_tally("program");
    ck_assert_str_eq(printed(),
                     "program stopped: 1 requests; events: 10 accepted, "
                     "2 rejected, 3 invalid, 8 done, 1 failed\n");
}
END_TEST

static const enum metric any_event[] = {
    METRIC_EVENTS_ACCEPTED, METRIC_EVENTS_REJECTED, METRIC_EVENTS_INVALID,
    METRIC_EVENTS_DONE, METRIC_EVENTS_FAILED};

START_TEST(one_event_of_any_kind_is_in_the_tally)
{
    metrics_add(any_event[_i], 1);
    report_tally("program");
    ck_assert_ptr_nonnull(strstr(printed(), "; events: "));
}
END_TEST

enum { THREADS = 4, LINES = 500 };

static pthread_mutex_t start = PTHREAD_MUTEX_INITIALIZER;

// Starts when the mutex is free, so that all threads print at the same time.
static void *report_often(void *argument)
{
    pthread_mutex_lock(&start);
    pthread_mutex_unlock(&start);
    const struct event event = {"alice", "buy", 100};
    for (int i = 0; i < LINES; i++)
        report_event("worker", 7, &event, STORE_ADDED, 300);
    return argument;
}

START_TEST(lines_of_threads_do_not_mix)
{
    static const char line[] = "worker 7: alice +100 = 300\n";
    pthread_t threads[THREADS];
    pthread_mutex_lock(&start);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, report_often, NULL),
                         0);
    pthread_mutex_unlock(&start);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *at = printed();
    for (int i = 0; i < THREADS * LINES; i++, at += sizeof line - 1)
        ck_assert_int_eq(strncmp(at, line, sizeof line - 1), 0);
    ck_assert_str_eq(at, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *lines = tcase_create("lines");
    tcase_add_checked_fixture(lines, capture_out, stop_capture);
    tcase_set_timeout(lines, 60);
    tcase_add_test(lines, the_first_line_says_where_to_connect);
    tcase_add_test(lines, nothing_is_printed_without_a_listener);
    tcase_add_test(lines, a_line_is_written_as_soon_as_it_is_complete);
    unit_add_rows(lines, a_line_has_the_result_of_an_event, events);
    unit_add_rows(lines, no_control_character_of_a_name_reaches_the_terminal,
                  users);
    tcase_add_test(lines, the_longest_name_is_printed_whole);
    tcase_add_test(lines,
                   with_quiet_only_the_first_and_the_last_line_are_printed);
    tcase_add_test(lines, what_is_still_to_do_is_said_once);
    tcase_add_test(lines, nothing_is_said_when_nothing_is_to_do);
    tcase_add_test(lines, a_server_without_work_has_no_events_to_do);
    tcase_add_test(lines, stored_events_are_never_dropped);
    tcase_add_test(lines, stored_events_that_are_back_are_counted_in_a_line);
    tcase_add_test(lines, a_second_signal_says_where_stored_events_are);
    tcase_add_test(lines, a_second_signal_does_not_wait_for_who_reads_its_line);
    tcase_add_test(lines, the_tally_without_events_has_only_requests);
    tcase_add_test(lines, the_tally_has_the_results_of_the_events);
    unit_add_rows(lines, one_event_of_any_kind_is_in_the_tally, any_event);
    tcase_add_test(lines, lines_of_threads_do_not_mix);
    suite_add_tcase(suite, lines);
    return unit_run(suite);
}
