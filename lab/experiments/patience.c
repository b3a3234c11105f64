// Experiments with clients that are silent or slow, and a good one beside them.

#include "lab/experiments/experiments.h"

#include <stdlib.h>

enum { CROWD = 20 };

// run->slowest_ms is a good client's response time beside the rude ones, and
// `after_ms` is the one after they left.
static void judge_patience(struct run *run, double after_ms)
{
    if (after_ms < 0) {
        run_verdict(run, "dead");
        run_detail(run, "no response, not even after they left");
    } else if (run->slowest_ms < 0) {
        run_verdict(run, "frozen");
        run_detail(run, "no response in %.1f s; after they left, in %.1f ms",
                   PATIENCE_MS / 1e3, after_ms);
    } else {
        run_verdict(run, "responds");
        run_detail(run, "response after %.1f ms", run->slowest_ms);
    }
}

// Twenty clients send these bytes and then nothing.
static void beside_a_crowd(struct run *run, struct slice first_bytes)
{
    struct client crowd[CROWD];
    if (!run_start(run, (struct settings){0}))
        return;
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], run->server.port);
        client_send(&crowd[i], first_bytes);
    }
    run->slowest_ms = run_good_request(run);
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    judge_patience(run, run_last_request(run));
}

void silent_clients(struct run *run)
{
    beside_a_crowd(run, (struct slice){NULL, 0});
}

void half_request(struct run *run)
{
    beside_a_crowd(run, slice_of("POST / HTTP/1.1\r\nHost: lab\r\n"
                                 "Content-Length: 10\r\n\r\nhalf"));
}

// The rude client sends its request byte by byte. The good one sends its
// request after the first byte. If its response comes before the last, nothing
// blocked it.
void one_byte_at_a_time(struct run *run)
{
    struct slice request = slice_of("GET /health HTTP/1.1\r\nHost: lab\r\n"
                                    "X-Padding: 012345678901234567\r\n\r\n");
    struct client slow;
    struct client good;
    if (!run_start(run, (struct settings){0}))
        return;
    client_open(&slow, run->server.port);
    client_send(&slow, (struct slice){request.bytes, 1});
    client_open(&good, run->server.port);
    client_request(&good, "GET", "/health", NULL);
    for (size_t i = 1; i + 1 < request.length; i++) {
        client_send(&slow, (struct slice){request.bytes + i, 1});
        client_wait(&good, 20);
    }
    bool is_early = good.status != 0;
    client_send(&slow, slice_after(request, request.length - 1));
    bool has_slow = client_wait(&slow, LIMIT_MS);
    bool has_good = client_wait(&good, LIMIT_MS);
    run->slowest_ms = has_good ? client_ms(&good) : -1;
    if (!has_slow || !has_good)
        run_verdict(run, "none");
    else
        run_verdict(run, is_early ? "responds" : "blocked");
    run_detail(run, "the good one after %.1f ms, beside %zu bytes one by one",
               run->slowest_ms, request.length);
    client_close(&slow);
    client_close(&good);
}

bool has_large_response(struct run *run)
{
    bool has_one =
        run_has(run, HAS_ECHO) || run_has(run, HAS_METRICS | HAS_KEEP_ALIVE);
    if (!has_one)
        run_skip(run, "it has neither an echo nor GET /metrics");
    return has_one;
}

// One large echo, or the metrics many times.
void request_megabytes(const struct run *run, struct client *client)
{
    enum { MEGABYTE = 1000 * 1000, COPIES = 4000 };
    static char body[8 * MEGABYTE];
    struct buffer request = {0};
    bool is_echo = run_has(run, HAS_ECHO);
    size_t length = run->subject->number == SKETCH ? MEGABYTE : sizeof body;
    memset(body, 'x', length);
    if (is_echo) {
        buffer_add_format(&request,
                          "POST / HTTP/1.1\r\nHost: lab\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          length);
        buffer_add(&request, (struct slice){body, length});
    }
    for (int i = 0; !is_echo && i < COPIES; i++)
        buffer_add_text(&request, "GET /metrics HTTP/1.1\r\nHost: lab\r\n\r\n");
    client_send(client, buffer_slice(&request));
    client_flush(client, PATIENCE_MS);
    buffer_destroy(&request);
}

void slow_reader(struct run *run)
{
    struct client reader;
    if (!has_large_response(run))
        return;
    if (!run_start(run, (struct settings){.body_max_bytes = 9000000}))
        return;
    client_open_narrow(&reader, run->server.port);
    request_megabytes(run, &reader);
    run->slowest_ms = run_good_request(run);
    int status = client_peek_status(&reader);
    client_reset(&reader);
    judge_patience(run, run_last_request(run));
    if (status != 0 && status != 200)
        run_skip(run, "it rejects 8 MB with %d: it has no large response",
                 status);
}

// The classic mistake: the work is a call in a callback of the loop.
void slow_work_in_loop(struct run *run)
{
    enum { WITHOUT_GATE_MS = 4000 };
    struct gate gate;
    struct client client;
    const struct settings in_loop = {.work_in_loop = true,
                                     .work_ms = WITHOUT_GATE_MS};
    if (!run_start_held(run, &gate, in_loop))
        return;
    client_open(&client, run->server.port);
    client_post_event(&client, "alice", 1);
    client_wait(&client, 200); // by then the server works on it
    run->slowest_ms = run_good_request(run);
    gate_release(&gate, 1);
    run->accepted = client_wait(&client, LIMIT_MS);
    client_close(&client);
    judge_patience(run, run_last_request(run));
    if (run->slowest_ms >= 0)
        run_skip(run, "WORK_IN_LOOP has no effect: it responds in %.0f ms",
                 run->slowest_ms);
    run_end_held(run, &gate);
}

// The time-out drops silent clients, one after the other. It does not drop a
// client that sends a byte now and then.
void time_out(struct run *run)
{
    enum { SILENT = 3, TIMEOUT_MS = 300 };
    struct client silent[SILENT];
    struct client good;
    struct client drip;
    if (!run_start(run, (struct settings){.timeout_ms = TIMEOUT_MS}))
        return;
    for (int i = 0; i < SILENT; i++)
        client_open(&silent[i], run->server.port);
    client_request_once(&good, run->server.port, "GET", "/health", NULL,
                        LIMIT_MS / 2);
    run->slowest_ms = good.status != 0 ? client_ms(&good) : -1;
    client_close(&good);
    client_open(&drip, run->server.port);
    client_open(&good, run->server.port);
    client_request(&good, "GET", "/health", NULL);
    for (int i = 0; i < 3 * TIMEOUT_MS / 100; i++) {
        client_send(&drip, slice_of("x"));
        client_wait(&good, 100);
    }
    bool is_held = good.status == 0;
    client_close(&drip);
    for (int i = 0; i < SILENT; i++)
        client_close(&silent[i]);
    client_wait(&good, LIMIT_MS);
    client_close(&good);
    if (run->slowest_ms < 0) {
        run_skip(run,
                 "TIMEOUT_MS has no effect: silent clients are not dropped");
        return;
    }
    bool is_late = run->slowest_ms >= SILENT * TIMEOUT_MS * 0.95;
    if (is_late && is_held)
        run_verdict(run, "too late");
    else
        run_verdict(run, is_late ? "late" : is_held ? "blocked" : "in time");
    run_detail(run, "%d silent clients cost %.1f s; %s", SILENT,
               run->slowest_ms / 1e3,
               is_held ? "one that drips blocks it" : "a drip costs nothing");
}
