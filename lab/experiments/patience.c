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
    if (!run_start(run, NULL))
        return;
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], run->stage.port);
        client_send(&crowd[i], first_bytes);
    }
    run->slowest_ms = run_good_request(run);
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    judge_patience(run, run_good_request(run));
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
    if (!run_start(run, NULL))
        return;
    client_open(&slow, run->stage.port);
    client_send(&slow, (struct slice){request.bytes, 1});
    client_open(&good, run->stage.port);
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

// One large echo, or the metrics many times.
void request_megabytes(struct client *client, int server)
{
    enum { MEGABYTE = 1000 * 1000, COPIES = 4000 };
    static char body[8 * MEGABYTE];
    struct buffer request = {0};
    bool is_echo = server <= 2 || server == SKETCH;
    size_t length = server == SKETCH ? MEGABYTE : sizeof body;
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
    static const char *const large[] = {"--body-max-bytes", "9000000", NULL};
    struct client reader;
    if (!run_start(run, large))
        return;
    client_open_narrow(&reader, run->stage.port);
    request_megabytes(&reader, run->stage.number);
    run->slowest_ms = run_good_request(run);
    client_reset(&reader);
    judge_patience(run, run_good_request(run));
}

// The classic mistake: the work is a call in a callback of the loop.
void slow_work_in_loop(struct run *run)
{
    struct gate gate;
    struct client client;
    if (!run_open_gate(run, &gate))
        return;
    const char *in_loop[] = {"--work-in-loop", "--work-gate", gate.path, NULL};
    if (run_start(run, in_loop)) {
        client_open(&client, run->stage.port);
        client_post_event(&client, "alice", 1);
        client_wait(&client, 200); // by then the server works on it
        run->slowest_ms = run_good_request(run);
        gate_release(&gate, 1);
        run->accepted = client_wait(&client, LIMIT_MS);
        client_close(&client);
        judge_patience(run, run_good_request(run));
        run_stop(run);
    }
    gate_close(&gate);
}

// The time-out drops silent clients, one after the other. It does not drop a
// client that sends a byte now and then.
void time_out(struct run *run)
{
    enum { SILENT = 3, TIMEOUT_MS = 300 };
    static const char *const limited[] = {"--timeout-ms", "300", NULL};
    struct client silent[SILENT];
    struct client good;
    struct client drip;
    if (!run_start(run, limited))
        return;
    for (int i = 0; i < SILENT; i++)
        client_open(&silent[i], run->stage.port);
    client_request_once(&good, run->stage.port, "GET", "/health", NULL,
                        LIMIT_MS);
    run->slowest_ms = good.status != 0 ? client_ms(&good) : -1;
    client_close(&good);
    client_open(&drip, run->stage.port);
    client_open(&good, run->stage.port);
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
    bool is_late = run->slowest_ms >= SILENT * TIMEOUT_MS * 0.95;
    if (is_late && is_held)
        run_verdict(run, "too late");
    else
        run_verdict(run, is_late ? "late" : is_held ? "blocked" : "in time");
    run_detail(run, "%d silent clients cost %.1f s; %s", SILENT,
               run->slowest_ms / 1e3,
               is_held ? "one that drips blocks it" : "a drip costs nothing");
}
