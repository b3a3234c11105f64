// Many rude clients: one after the other, or at the same time.

#include "lab/system_limits.h"
#include "lab/load/histogram.h"
#include "lab/rude/rude.h"
#include "lab/rude/rude_experiments.h"
#include "lib/base/clock.h"

#include <poll.h>

// Every second client resets, so that TIME-WAIT does not use up all ports.
static void request_and_leave(struct run *run, struct client *client)
{
    static bool resets;
    client_request(client, "GET", "/health", NULL);
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
    resets = !resets;
    if (resets)
        client_reset(client);
    client_close(client);
}

void thousands_in_a_row(struct run *run)
{
    rude_perform(run,
                 &(struct rude){.come = request_and_leave, .rounds = 20000});
}

// The server may open 64 descriptors. The other clients wait in the backlog
// until some leave, and so does the good one.
void out_of_descriptors(struct run *run)
{
    rude_perform(run, &(struct rude){.clients = 100,
                                     .rounds = 5,
                                     .frozen_to = SERVERS,
                                     .descriptors = 64});
}

enum { SLOW_MAX = 10000, BYTE_MS = 1000 };
enum { LOOKS = 10, LOOK_MS = 1500, P99_MAX = 50 };
static struct client crowd[SLOW_MAX];

// As many as the lab and the server may open, up to the wanted number.
static int crowd_size(const struct run *run)
{
    int wanted = !run_has(run, HAS_KEEP_ALIVE) ? 100 : SLOW_MAX;
    int max = limits_raise_descriptors() - LIMITS_OTHERS;
    return max < 0 ? 0 : max < wanted ? max : wanted;
}

// Each sends the beginning of a header section, and then a byte a second.
static void open_crowd(const struct run *run, int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&crowd[i], run->server.port);
        client_send(&crowd[i], slice_of("GET / HTTP/1.1\r\nHost: "));
    }
}

static void close_crowd(int count)
{
    for (int i = 0; i < count; i++)
        client_reset(&crowd[i]);
}

// The next clients send a byte each, so that every client sends one a second.
// Returns how many bytes were sent since the start.
static int64_t send_bytes(int count, int64_t sent, int64_t since_ms)
{
    int64_t wanted = since_ms * count / BYTE_MS;
    for (; sent < wanted; sent++)
        client_send(&crowd[sent % count], slice_of("x"));
    return sent;
}

// A good client sends one request after the other while they send. Not counted
// is the time in which the server was ready to run and had no processor.
static void request_beside(struct run *run, int count, struct histogram *times)
{
    struct client good;
    int64_t sent = 0;
    int64_t start = clock_milliseconds();
    int64_t delay = server_run_delay(run->server.pid);
    client_open(&good, run->server.port);
    client_request(&good, "GET", "/health", NULL);
    for (int64_t now = start; now < start + LOOK_MS && !good.ended;
         now = clock_milliseconds()) {
        sent = send_bytes(count, sent, now - start);
        if (!client_wait(&good, 1))
            continue;
        int64_t time = good.responded_at - good.sent_at;
        int64_t others = server_run_delay(run->server.pid) - delay;
        histogram_add(times, time > others ? time - others : 0);
        delay += others;
        client_request(&good, "GET", "/health", NULL);
    }
    client_close(&good);
}

// A busy machine delays responses and never speeds them up. So the best look
// shows what the server can do, and the first good one ends the search. Returns
// its p99 in milliseconds; negative: no response.
static double best_p99(struct run *run, int count)
{
    static struct histogram times;
    double best = -1;
    int looks = !run_has(run, HAS_KEEP_ALIVE) ? 1 : LOOKS;
    for (int i = 0; i < looks && (best < 0 || best >= P99_MAX); i++) {
        times = (struct histogram){0};
        request_beside(run, count, &times);
        if (times.total == 0)
            continue;
        double p99 = (double)histogram_quantile(&times, 0.99) / 1e6;
        if (best < 0 || p99 < best) {
            best = p99;
            run->slowest_ms = (double)times.max / 1e6;
        }
    }
    return best;
}

static void judge_crowd(struct run *run, int count, double p99, double before)
{
    if (p99 < 0)
        run_detail(run, "%d at a byte a second; no response beside them; ",
                   count);
    else
        run_detail(run, "%d at a byte a second; p99 of a good one %.1f ms; ",
                   count, p99);
    if (p99 >= P99_MAX && rude_measures)
        rude_fault(run, "p99 %.0f ms", p99);
    rude_judge(run, p99 < 0 ? "lives" : "serves", before);
}

// The memory that counts as before is the one beside the first crowd: after the
// second crowd left, the server must use less.
void slow_crowd(struct run *run)
{
    int count = crowd_size(run);
    const struct settings patient = {.header_timeout_ms = 600000};
    if (!rude_start(run, &(struct rude){.settings = patient}))
        return;
    open_crowd(run, count);
    run_good_request(run);
    double before_mb = server_usage(&run->server).memory_mb;
    close_crowd(count);
    rude_wait_alone(run);
    run->slowest_ms = -1;
    open_crowd(run, count);
    double p99 = best_p99(run, count);
    close_crowd(count);
    judge_crowd(run, count, p99, before_mb);
}
