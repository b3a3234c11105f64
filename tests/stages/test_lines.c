// test_lines.c - what a person sees in the terminal of a server
//
// Stages 1 to 3 print a line when a client connects, gets its response and
// disconnects. Stages 4 to 6 print one for each event that is done.

#include "lib/event/event.h"
#include "tests/stages/stages.h"

#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { EVENTS = 1000 };

// A server whose lines are read when the test says so. The lab reads the lines
// of its servers all the time.
struct shown {
    pid_t pid;
    int port;
    int output; // the read end of its standard output
};

static _Noreturn void become_server(const char *const *arguments, int output)
{
    const char *words[16] = {stage_path(server_under_test()), "--port", "0"};
    for (int i = 0; arguments[i] != NULL; i++)
        words[3 + i] = arguments[i];
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    dup2(output, STDOUT_FILENO);
    execv(words[0], (char *const *)words);
    _exit(127);
}

static void read_line(const struct shown *shown, char *line, size_t size)
{
    size_t length = 0;
    struct pollfd polled = {.fd = shown->output, .events = POLLIN};
    while (length + 1 < size && poll(&polled, 1, SOON) == 1 &&
           read(shown->output, line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
}

static void start_shown(struct shown *shown, const char *const *arguments)
{
    int ends[2];
    char line[256];
    ck_assert_int_eq(pipe(ends), 0);
    shown->pid = fork();
    if (shown->pid == 0) {
        close(ends[0]);
        become_server(arguments, ends[1]);
    }
    close(ends[1]);
    shown->output = ends[0];
    read_line(shown, line, sizeof line);
    ck_assert_msg(strstr(line, " listening on ") != NULL, "it said: %s", line);
    shown->port = (int)strtol(strrchr(line, ':') + 1, NULL, 10);
}

static void start_with_lines(struct shown *shown)
{
    static const char *const none[] = {NULL};
    static const char *const quick[] = {"--work-ms", "0", NULL};
    start_shown(shown, stage_under_test() >= 4 ? quick : none);
}

// It lives until the signal.
static void stop_shown(struct shown *shown)
{
    int status;
    char bytes[4096];
    ck_assert_int_eq(waitpid(shown->pid, &status, WNOHANG), 0);
    kill(shown->pid, SIGTERM);
    while (read(shown->output, bytes, sizeof bytes) > 0)
        ;
    close(shown->output);
    ck_assert_int_eq(waitpid(shown->pid, &status, 0), shown->pid);
}

static void must_print(const struct shown *shown, const char *expected)
{
    char line[128];
    read_line(shown, line, sizeof line);
    ck_assert_msg(strcmp(line, expected) == 0, "it printed '%s'; expected '%s'",
                  line, expected);
}

static void must_print_nothing(const struct shown *shown)
{
    struct pollfd polled = {.fd = shown->output, .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, A_WHILE), 0);
}

static void post(struct client *client, const struct shown *shown,
                 const char *body)
{
    char fields[128];
    client_open(client, shown->port);
    client_send(client, slice_of("POST / HTTP/1.1\r\nHost: a\r\n"
                                 "Connection: close\r\n"));
    snprintf(fields, sizeof fields, "Content-Length: %zu\r\n\r\n",
             strlen(body));
    client_send(client, slice_of(fields));
    client_send(client, slice_of(body));
}

// The lesson of stages 1 and 2, in the server's terminal.
START_TEST(a_silent_client_is_seen_and_so_is_who_waits_for_it)
{
    struct shown shown;
    struct client silent;
    struct client good;
    bool freezes = stage_under_test() == 1;
    start_with_lines(&shown);
    client_open(&silent, shown.port);
    must_print(&shown, "client 1 connected");
    post(&good, &shown, "hello");
    if (freezes) {
        must_print_nothing(&shown);
        client_close(&silent);
        must_print(&shown, "client 1 disconnected");
    }
    must_print(&shown, "client 2 connected");
    must_print(&shown, stage_under_test() == 3
                           ? "client 2: POST / hello -> 400"
                           : "client 2: POST / hello -> 200");
    must_print(&shown, "client 2 disconnected");
    if (!freezes) {
        client_close(&silent);
        must_print(&shown, "client 1 disconnected");
    }
    client_close(&good);
    stop_shown(&shown);
}
END_TEST

START_TEST(a_rejected_request_is_seen_with_its_fault)
{
    struct shown shown;
    struct client client;
    start_with_lines(&shown);
    client_open(&client, shown.port);
    client_send(&client, slice_of("hello\x1b[2J\r\n\r\n"));
    must_print(&shown, "client 1 connected");
    must_print(&shown, "client 1: (a control character) -> 400");
    client_close(&client);
    stop_shown(&shown);
}
END_TEST

// A terminal may be stopped with Ctrl-S. This pipe is read when all is over.
START_TEST(no_client_waits_for_a_reader_of_the_lines)
{
    enum { REQUESTS = 1500 }; // their lines are more than a pipe keeps
    struct shown shown;
    struct client client;
    start_with_lines(&shown);
    for (int i = 0; i < REQUESTS; i++) {
        ck_assert(client_request_once(
            &client, shown.port, "POST", "/",
            "fifty bytes of a body make a line of eighty columns", SOON));
        client_close(&client);
    }
    stop_shown(&shown);
}
END_TEST

START_TEST(with_quiet_clients_are_not_seen)
{
    struct shown shown;
    struct client client;
    static const char *const quiet[] = {"--quiet", NULL};
    start_shown(&shown, quiet);
    post(&client, &shown, "hello");
    client_wait(&client, SOON);
    client_close(&client);
    must_print_nothing(&shown);
    stop_shown(&shown);
}
END_TEST

START_TEST(where_there_is_work_only_events_are_seen)
{
    struct shown shown;
    struct client client;
    start_with_lines(&shown);
    client_request_once(&client, shown.port, "GET", "/health", NULL, SOON);
    client_close(&client);
    client_open(&client, shown.port);
    client_post_event(&client, "alice", 7);
    char line[128];
    read_line(&shown, line, sizeof line); // "thread: ", or of any worker
    ck_assert_msg(strstr(line, ": alice +7 = 7") != NULL, "it printed '%s'",
                  line);
    client_close(&client);
    must_print_nothing(&shown);
    stop_shown(&shown);
}
END_TEST

// More lines of long names than a pipe keeps, as one client sends them.
static void post_many(struct client *client, const struct shown *shown)
{
    struct buffer requests = {0};
    char event[256];
    for (int i = 0; i < EVENTS; i++) {
        int length =
            snprintf(event, sizeof event,
                     "{\"user\":\"%0*d\",\"action\":\"buy\",\"amount\":1}",
                     EVENT_NAME_MAX, i % 10);
        buffer_add_format(&requests,
                          "POST / HTTP/1.1\r\nHost: a\r\n"
                          "Content-Length: %d\r\n\r\n%s",
                          length, event);
    }
    client_open(client, shown->port);
    client_send(client, buffer_slice(&requests));
    buffer_destroy(&requests);
}

// Until no more events are done, because their lines are not read.
static void wait_until_still(struct client *client, const struct shown *shown)
{
    double before = -1;
    double done = 0;
    while (done != before || done == 0) {
        while (client_wait(client, A_WHILE))
            client_next(client);
        before = done;
        done = client_metric(shown->port, "thaw_events_done_total");
    }
    ck_assert_msg(done < EVENTS, "no thread waits: %.0f are done", done);
}

// A lock that is held while a line is printed is held as long as the terminal
// pleases.
START_TEST(who_waits_for_the_terminal_holds_no_lock)
{
    struct shown shown;
    struct client busy;
    struct client client;
    static const char *const roomy[] = {"--work-ms", "0", "--capacity", "10000",
                                        NULL};
    if (stage_under_test() == 4)
        start_with_lines(&shown);
    else
        start_shown(&shown, roomy);
    post_many(&busy, &shown);
    wait_until_still(&busy, &shown);
    ck_assert_msg(client_request_once(&client, shown.port, "GET", "/balances",
                                      NULL, SOON),
                  "GET /balances waits for the terminal");
    ck_assert_int_eq(client.status, 200);
    client_close(&client);
    client_close(&busy);
    stop_shown(&shown);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *tests = add_tests(suite);
    if (stage_under_test() <= 3) {
        tcase_add_test(tests,
                       a_silent_client_is_seen_and_so_is_who_waits_for_it);
        tcase_add_test(tests, a_rejected_request_is_seen_with_its_fault);
        tcase_add_test(tests, no_client_waits_for_a_reader_of_the_lines);
        tcase_add_test(tests, with_quiet_clients_are_not_seen);
    } else {
        tcase_add_test(tests, where_there_is_work_only_events_are_seen);
        if (server_under_test() != LANES) // a worker must respond to it
            tcase_add_test(tests, who_waits_for_the_terminal_holds_no_lock);
    }
    return unit_run(suite);
}
