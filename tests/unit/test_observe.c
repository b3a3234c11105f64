// test_observe.c - the lines about clients, and a terminal that takes none

#define _XOPEN_SOURCE 700 // NOLINT(bugprone-reserved-identifier): for a pty

#include "lib/service/observe.h"
#include "lib/base/net.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static const struct http_request post = {
    .method = SLICE("POST"), .path = SLICE("/"), .body = SLICE("hello")};
static const struct http_response ok = {.status = HTTP_OK};
static struct capture out;

static void print_lines(void)
{
    const struct options options = {.quiet = false};
    observe_print(&options);
}

static void capture_lines(void)
{
    capture_start(&out, stdout);
    print_lines();
}

static const char *printed(void)
{
    if (out.file != NULL)
        capture_stop(&out);
    out.file = NULL;
    return out.text;
}

static void stop_capture(void)
{
    printed();
}

START_TEST(a_client_is_seen_from_its_connection_to_its_end)
{
    observe_connected(9);
    observe_response(9, &post, &ok);
    observe_disconnected(9);
    ck_assert_str_eq(printed(), "client 1 connected\n"
                                "client 1: POST / hello -> 200\n"
                                "client 1 disconnected\n");
}
END_TEST

// The kernel uses the number of a closed socket again, for another client.
START_TEST(clients_are_numbered_as_they_come)
{
    observe_connected(7);
    observe_connected(5000);
    observe_disconnected(7);
    observe_connected(7);
    observe_response(5000, &post, &ok);
    observe_disconnected(7);
    ck_assert_str_eq(printed(), "client 1 connected\n"
                                "client 2 connected\n"
                                "client 1 disconnected\n"
                                "client 3 connected\n"
                                "client 2: POST / hello -> 200\n"
                                "client 3 disconnected\n");
}
END_TEST

static const struct {
    const char *name;
    struct http_request request;
    enum http_status status;
    const char *line;
} responses[] = {
    {"no body",
     {.method = SLICE("GET"), .path = SLICE("/health")},
     HTTP_OK,
     "client 1: GET /health -> 200\n"},
    {"a body that fills the line",
     {.method = SLICE("POST"),
      .path = SLICE("/"),
      .body = SLICE("123456789 123456789 123456789 123456789 123456789 12345")},
     HTTP_ACCEPTED,
     "client 1: POST / 123456789 123456789 123456789 123456789 123456789 12345"
     " -> 202\n"},
    {"one that does not",
     {.method = SLICE("POST"),
      .path = SLICE("/"),
      .body = SLICE("123456789 123456789 123456789 123456789 123456789 "
                    "12345678")},
     HTTP_ACCEPTED,
     "client 1: POST / 123456789 123456789 123456789 123456789 123456789 123..."
     " -> 202\n"},
    {"a long path and a long method",
     {.method = SLICE("VERSION-CONTROL"),
      .path = SLICE("/balances/someone-with-a-long-name")},
     HTTP_NOT_IMPLEMENTED,
     "client 1: VERSION-... /balances/someone-wi... -> 501\n"},
    {"bytes that a terminal obeys",
     {.method = SLICE("POST"),
      .path = SLICE("/"),
      .body = SLICE("a\nclient 9 connected\x1b[2J\0\xff")},
     HTTP_OK,
     "client 1: POST / a?client 9 connected?[2J?? -> 200\n"},
    {"a request that was rejected, and may be of any bytes",
     {.method = SLICE("POST"),
      .status = HTTP_BAD_REQUEST,
      .detail = "a control character"},
     HTTP_BAD_REQUEST,
     "client 1: (a control character) -> 400\n"},
};

START_TEST(a_line_has_the_request_and_its_status)
{
    struct http_response response = {.status = responses[_i].status};
    char expected[256];
    snprintf(expected, sizeof expected, "client 1 connected\n%s",
             responses[_i].line);
    observe_connected(9);
    observe_response(9, &responses[_i].request, &response);
    ck_assert_str_eq(printed(), expected);
}
END_TEST

START_TEST(a_deferred_response_has_no_request_any_more)
{
    observe_connected(9);
    observe_response(9, NULL, &ok);
    ck_assert_str_eq(printed(), "client 1 connected\n"
                                "client 1: (deferred) -> 200\n");
}
END_TEST

static const char *const details[] = {
    "a line ends in CR LF, this is a bare LF",
    "expected a target of visible ASCII, without '#', then one space and "
    "HTTP/1.1 or something longer than any line can be",
};

START_TEST(no_line_has_more_than_80_columns)
{
    const struct http_request request = {.status = HTTP_BAD_REQUEST,
                                         .detail = details[_i]};
    metrics_set(METRIC_CONNECTIONS, INT64_MAX - 2);
    observe_connected(9);
    observe_response(9, &request, &ok);
    observe_response(9, &responses[2].request, &ok);
    for (const char *line = printed(); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        ck_assert_uint_le(length, 80);
        line += length + 1;
    }
}
END_TEST

START_TEST(with_quiet_nothing_is_printed_and_all_is_counted)
{
    const struct options options = {.quiet = true};
    observe_print(&options);
    observe_connected(9);
    observe_response(9, &post, &ok);
    ck_assert_int_eq(metrics_get(METRIC_OPEN_CONNECTIONS), 1);
    observe_disconnected(9);
    ck_assert_str_eq(printed(), "");
    ck_assert_int_eq(metrics_get(METRIC_CONNECTIONS), 1);
    ck_assert_int_eq(metrics_get(METRIC_OPEN_CONNECTIONS), 0);
    ck_assert_int_eq(metrics_requests(), 1);
}
END_TEST

// --- A terminal that takes nothing ------------------------------------------

static int read_end;

static int open_pipe(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    read_end = ends[0];
    return ends[1];
}

static int open_socket(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    read_end = ends[0];
    return ends[1];
}

static int open_terminal(void)
{
    read_end = posix_openpt(O_RDWR | O_NOCTTY);
    if (read_end < 0)
        return open_pipe(); // there are no terminals here
    ck_assert_int_eq(grantpt(read_end), 0);
    ck_assert_int_eq(unlockpt(read_end), 0);
    int terminal = open(ptsname(read_end), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(terminal, 0);
    return terminal;
}

static int (*const readers[])(void) = {open_pipe, open_socket, open_terminal};

// Appends what can be read, which must be something. Returns its length.
static size_t read_some(char *text, size_t size)
{
    struct pollfd polled = {.fd = read_end, .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, 20000), 1);
    ssize_t length = read(read_end, text, size - 1);
    ck_assert_int_gt(length, 0);
    text[length] = '\0';
    return (size_t)length;
}

enum { LINES = 20000 }; // more than any pipe or terminal keeps

// The sum of what the notices say; and how many lines of responses are there.
static int64_t count(const char *text, int64_t *shown)
{
    int64_t left_out = 0;
    *shown = 0;
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        left_out += *at == '(' ? strtol(at + 1, NULL, 10) : 0;
        *shown += strncmp(at, "client 0: ", 10) == 0;
    }
    return left_out;
}

// If it blocked, the test would end by its time-out.
START_TEST(a_reader_that_does_not_read_blocks_nothing)
{
    static char text[4 * 1024 * 1024];
    size_t length = 0;
    int64_t shown;
    int before = dup(STDOUT_FILENO);
    dup2(readers[_i](), STDOUT_FILENO);
    print_lines();
    for (int i = 0; i < LINES; i++)
        observe_response(9, &post, &ok);
    ck_assert_int_eq(metrics_requests(), LINES);
    // Now it reads again, and is told how many lines there were meanwhile.
    net_set_nonblocking(read_end);
    while (strstr(text, "connected") == NULL) {
        observe_connected(8);
        length += read_some(text + length, sizeof text - length);
    }
    int64_t left_out = count(text, &shown);
    ck_assert_int_gt(shown, 0);
    ck_assert_int_ge(left_out, LINES - shown);
    ck_assert_int_le(left_out, LINES - shown + metrics_get(METRIC_CONNECTIONS));
    // It is told once.
    const char *told = text + length;
    while (strstr(told, "disconnected") == NULL) {
        observe_disconnected(8);
        length += read_some(text + length, sizeof text - length);
    }
    ck_assert_ptr_null(strstr(told, "left out"));
    dup2(before, STDOUT_FILENO);
}
END_TEST

START_TEST(a_reader_that_has_left_is_no_fault)
{
    int before = dup(STDOUT_FILENO);
    signal(SIGPIPE, SIG_IGN);
    dup2(open_pipe(), STDOUT_FILENO);
    close(read_end);
    print_lines();
    observe_response(9, &post, &ok);
    close(STDOUT_FILENO);
    observe_response(9, &post, &ok);
    dup2(before, STDOUT_FILENO);
    ck_assert_int_eq(metrics_requests(), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("observe");
    TCase *lines = tcase_create("lines");
    tcase_add_checked_fixture(lines, capture_lines, stop_capture);
    tcase_add_test(lines, a_client_is_seen_from_its_connection_to_its_end);
    tcase_add_test(lines, clients_are_numbered_as_they_come);
    unit_add_rows(lines, a_line_has_the_request_and_its_status, responses);
    tcase_add_test(lines, a_deferred_response_has_no_request_any_more);
    unit_add_rows(lines, no_line_has_more_than_80_columns, details);
    tcase_add_test(lines, with_quiet_nothing_is_printed_and_all_is_counted);
    suite_add_tcase(suite, lines);
    TCase *terminals = tcase_create("terminals");
    tcase_set_timeout(terminals, 60);
    unit_add_rows(terminals, a_reader_that_does_not_read_blocks_nothing,
                  readers);
    tcase_add_test(terminals, a_reader_that_has_left_is_no_fault);
    suite_add_tcase(suite, terminals);
    return unit_run(suite);
}
