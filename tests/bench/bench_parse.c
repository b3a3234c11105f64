// bench_parse - the parser and the decoder alone: nanoseconds for a request
//
//     bench_parse [ROUNDS [COUNT]]
//
// Measures each subject in every round, and prints JSON: what COUNT times of
// each took.

#include "lib/service/respond.h"
#include "lib/base/clock.h"
#include "lib/event/event.h"
#include "lib/http/http_request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENT "{\"user\":\"alice\",\"action\":\"buy\",\"amount\":100}"

static char event_request[] = "POST / HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Content-Length: 44\r\n"
                              "\r\n" EVENT;

// The fields that a browser sends, with their usual lengths.
static char browser_request[] =
    "GET /balances/alice?page=1 HTTP/1.1\r\n"
    "Host: balances.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
    "Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;"
    "q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.8,de;q=0.5,fr;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://balances.example.org/overview/2024/quarter/3\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=4f1c9a52d07e4d0b8a6f3e21c5b7d980; theme=dark; "
    "consent=necessary\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Priority: u=0, i\r\n"
    "\r\n";

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_parse: %s\n", what);
    exit(EXIT_FAILURE);
}

static void parse(char *bytes, size_t length)
{
    struct http_progress progress = {0};
    struct http_request request;
    if (http_parse_request(bytes, length, &http_limits_default, &progress,
                           &request) != HTTP_PARSE_DONE ||
        request.length != length)
        fail("a good request is not understood");
}

static void parse_event_request(void)
{
    parse(event_request, sizeof event_request - 1);
}

static void parse_browser_request(void)
{
    parse(browser_request, sizeof browser_request - 1);
}

static void decode_event(void)
{
    static const struct slice body = SLICE(EVENT);
    struct event event;
    struct event_fault fault;
    if (!event_decode(body, &event, &fault) || event.amount != 100)
        fail("a good event is not understood");
}

// jansson's part of decoding: to build the values, and to free them.
static void load_json(void)
{
    json_t *json = json_loadb(EVENT, sizeof EVENT - 1, 0, NULL);
    if (json == NULL)
        fail("good JSON is not understood");
    json_decref(json);
}

static void write_response(void)
{
    static struct buffer out;
    struct http_response response = {0};
    respond_accepted(&response);
    buffer_clear(&out);
    http_write_response(&out, &response, true, false);
    if (out.failed || out.length == 0)
        fail("a response is not written");
}

static const struct {
    const char *name;
    void (*perform)(void);
    size_t length; // of its input, in bytes; 0: it writes
} subjects[] = {
    {"http_parse_request, event", parse_event_request,
     sizeof event_request - 1},
    {"http_parse_request, browser", parse_browser_request,
     sizeof browser_request - 1},
    {"event_decode", decode_event, sizeof EVENT - 1},
    {"jansson alone", load_json, sizeof EVENT - 1},
    {"http_write_response", write_response, 0},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

static void measure(int round, int which, int64_t count)
{
    int64_t start = clock_nanoseconds();
    for (int64_t i = 0; i < count; i++)
        subjects[which].perform();
    int64_t nanoseconds = clock_nanoseconds() - start;
    bool is_first = round == 0 && which == 0;
    printf("%s\n{\"experiment\": \"parse\", \"round\": %d, \"server\": \"%s\", "
           "\"length\": %zu, \"count\": %" PRId64 ", \"ns\": %" PRId64 "}",
           is_first ? "" : ",", round, subjects[which].name,
           subjects[which].length, count, nanoseconds);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    int64_t count = argc > 2 ? atoll(argv[2]) : 100000;
    if (rounds < 1 || count < 1) {
        fprintf(stderr, "usage: bench_parse [ROUNDS [COUNT]]: at least 1\n");
        return 2;
    }
    printf("[");
    for (int round = 0; round < rounds; round++)
        for (int which = 0; which < SUBJECTS; which++)
            measure(round, which, count);
    printf("\n]\n");
}
