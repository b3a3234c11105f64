#ifndef THAW_TESTS_STAGES_STAGES_H
#define THAW_TESTS_STAGES_STAGES_H

// stages.h - what the black-box tests share
//
// * Each test starts its own server on a free port, and asserts in the end how
//   that server ended.
// * What must come may take long: a busy machine is no fault.
// * For what must not come, the test first makes sure, by a counter or a
//   response, that it would have come by now. Then it looks a while.

#include "lab/clients/client.h"
#include "lab/servers/gate.h"
#include "lab/servers/stage.h"
#include "lib/base/clock.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

enum { SOON = 30000 };   // in milliseconds, for what must come
enum { A_WHILE = 200 };  // in milliseconds, for what must not
enum { TEST_MAX = 120 }; // in seconds, for one test

// The server that this run tests: the environment's THAW_STAGE is its word
// (lab/servers/stage.h).
static inline int server_under_test(void)
{
    const char *word = getenv("THAW_STAGE");
    int number = word != NULL ? stage_find(word) : 0;
    if (number != 0 && number != SKETCH)
        return number;
    fprintf(stderr, "THAW_STAGE: expected 1 to %d, lanes, durable or shared\n",
            STAGES);
    exit(EXIT_FAILURE);
}

// The number of the stage that it behaves as: those beyond the stages as the
// last one.
static inline int stage_under_test(void)
{
    int number = server_under_test();
    return number > STAGES ? STAGES : number;
}

// The status of the response to a valid event.
static inline int status_of_an_event(void)
{
    static const int statuses[STAGES] = {200, 200, 202, 200, 202, 202};
    return statuses[stage_under_test() - 1];
}

// Starts the server with these arguments, which end with NULL. In its process,
// `prepare` is called first, unless it is NULL.
static inline void start_prepared(struct server *stage, void prepare(void),
                                  const char *const *arguments)
{
    struct command command;
    stage_command(&command, server_under_test(), arguments);
    command.prepare = prepare;
    ck_assert_msg(server_start(stage, &command, &(struct settings){0}) == 0,
                  "it did not start: %s; it printed: %s", stage->fault,
                  stage->output.text);
}

// Starts the server with these further arguments, the last of which is NULL.
__attribute__((sentinel)) static inline void start(struct server *stage, ...)
{
    enum { ARGUMENTS_MAX = 24 };
    const char *arguments[ARGUMENTS_MAX] = {"--quiet"};
    va_list more;
    va_start(more, stage);
    for (int i = 1; i + 1 < ARGUMENTS_MAX; i++) {
        arguments[i] = va_arg(more, const char *);
        if (arguments[i] == NULL)
            break;
    }
    va_end(more);
    start_prepared(stage, NULL, arguments);
}

// Stages 4 to 6 do no simulated work: no test needs half a second per event.
static inline void start_quick(struct server *stage)
{
    if (stage_under_test() >= 4)
        start(stage, "--work-ms", "0", NULL);
    else
        start(stage, NULL);
}

// What it printed after the line that says where it listens.
static inline const char *printed_after_start(const struct server *stage)
{
    const char *line = strchr(stage->output.text, '\n');
    ck_assert_msg(line != NULL, "it printed: %s", stage->output.text);
    return line + 1;
}

static inline void assert_alive(const struct server *stage)
{
    struct client client;
    ck_assert_msg(
        client_request_once(&client, stage->port, "GET", "/health", NULL, SOON),
        "no response from %s", stage_name(server_under_test()));
    ck_assert_int_eq(client.status, 200);
    client_close(&client);
}

// Ends the server, and asserts that it lived until then. Stage 1 has no
// graceful shutdown: SIGTERM ends it as it ends any program.
static inline void stop(struct server *stage)
{
    assert_alive(stage);
    ck_assert_int_eq(server_stop(stage), stage_under_test() == 1 ? -1 : 0);
}

static inline void assert_response(struct client *client, int status)
{
    ck_assert_msg(client_wait(client, SOON), "no response, expected a %d",
                  status);
    ck_assert_int_eq(client->status, status);
}

static inline void assert_body(const struct client *client, const char *text)
{
    ck_assert_msg(client_body_is(client, text), "body: %.*s; expected: %s",
                  (int)client->body.length, client->body.bytes, text);
}

// JSON that a server composes is a line, so that a prompt comes after it.
static inline void assert_json(const struct client *client, const char *text)
{
    char line[256];
    snprintf(line, sizeof line, "%s\n", text);
    assert_body(client, line);
}

// The value of a field of the response; empty: the response lacks the field.
static inline struct slice value_of(const struct client *client,
                                    const char *name)
{
    char field[64];
    struct slice fields = client->header;
    snprintf(field, sizeof field, "\r\n%s: ", name);
    while (fields.length > 0 && !slice_starts_with(fields, field))
        fields = slice_after(fields, 1);
    if (fields.length == 0)
        return fields;
    struct slice value = {fields.bytes + strlen(field), 0};
    while (value.bytes[value.length] != '\r')
        value.length++;
    return value;
}

static inline void assert_field(const struct client *client, const char *name,
                                const char *expected)
{
    struct slice value = value_of(client, name);
    ck_assert_msg(slice_is(value, expected), "%s: %.*s; expected %s", name,
                  (int)value.length, value.bytes, expected);
}

// After the last response comes the end of the connection, and nothing else.
static inline void assert_ends(struct client *client)
{
    client_next(client);
    client_wait(client, SOON);
    ck_assert_msg(client->in.length == 0, "one more response: %.*s",
                  (int)client->in.length, client->in.bytes);
    ck_assert_msg(client->ended, "the connection stays open");
}

static inline void wait_for_metric(const struct server *stage, const char *name,
                                   double value)
{
    ck_assert_msg(client_wait_metric(stage->port, name, value, SOON),
                  "%s: %.0f, expected %.0f", name,
                  client_metric(stage->port, name), value);
}

static inline void assert_metric(const struct server *stage, const char *name,
                                 double value)
{
    double found = client_metric(stage->port, name);
    ck_assert_msg(found == value, "%s: %.0f, expected %.0f", name, found,
                  value);
}

// Until every accepted event is done, or has failed.
static inline void wait_until_done(const struct server *stage)
{
    double failed = client_metric(stage->port, "thaw_events_failed_total");
    double accepted = client_metric(stage->port, "thaw_events_accepted_total");
    wait_for_metric(stage, "thaw_events_done_total", accepted - failed);
}

// Waits until at least `wanted` clients have a response. Returns how many have.
static inline int wait_for_responses(struct client *clients, int count,
                                     int wanted)
{
    int64_t end = clock_milliseconds() + SOON;
    int responded = 0;
    while (responded < wanted && clock_milliseconds() < end)
        responded = clients_wait(clients, count, 10);
    ck_assert_int_ge(responded, wanted);
    return responded;
}

// Requests more than the sockets hold, also from a server that echoes, and
// reads nothing. Returns when the server has stopped reading, too.
static inline void request_too_much(struct client *client)
{
    enum { REQUESTS = 10000 };
    struct pollfd polled = {.fd = client->socket, .events = POLLOUT};
    struct buffer requests = {0};
    for (int i = 0; i < REQUESTS; i++)
        buffer_add_format(&requests,
                          "GET /metrics HTTP/1.1\r\nHost: a\r\n"
                          "Content-Length: 1000\r\n\r\n%1000d",
                          i);
    client_send(client, buffer_slice(&requests));
    while (client->out.length > 0 && poll(&polled, 1, A_WHILE) == 1)
        client_send(client, slice_of(""));
    buffer_destroy(&requests);
}

static inline void close_all(struct client *clients, int count)
{
    for (int i = 0; i < count; i++)
        client_close(&clients[i]);
}

static inline TCase *add_tests(Suite *suite)
{
    TCase *tests = tcase_create("black box");
    tcase_set_timeout(tests, TEST_MAX);
    suite_add_tcase(suite, tests);
    return tests;
}

#endif
