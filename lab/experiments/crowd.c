// Experiments with many clients: more than the server can serve, or idle ones.

#include "lab/experiments/events.h"
#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

#include <math.h>
#include <poll.h>

// The median response time of good requests, one after the other.
// Negative: no response, and `is_closed` says whether the server closed.
static double median_ms(const struct run *run, int requests, bool *is_closed)
{
    double times[101];
    struct client client;
    int count = 0;
    *is_closed = false;
    client_open(&client, run->server.port);
    for (int i = 0; i < requests; i++) {
        client_request(&client, "GET", "/health", NULL);
        if (!run_wait_unless_frozen(run, &client)) {
            *is_closed = client.ended;
            break;
        }
        double ms = client_ms(&client);
        int at = count++;
        for (; at > 0 && times[at - 1] > ms; at--)
            times[at] = times[at - 1];
        times[at] = ms;
        if (client.ended || !run_has(run, HAS_KEEP_ALIVE)) {
            client_close(&client);
            client_open(&client, run->server.port);
        }
    }
    client_close(&client);
    return count > 0 ? times[count / 2] : -1;
}

void idle_crowd(struct run *run)
{
    enum { CROWD = 1000, REQUESTS = 101 };
    static struct client crowd[CROWD];
    if (!run_start(run, (struct settings){0}))
        return;
    bool is_closed;
    double alone = median_ms(run, REQUESTS, &is_closed);
    int open = 0;
    for (int i = 0; i < CROWD; i++) {
        client_open(&crowd[i], run->server.port);
        open += crowd[i].socket >= 0;
    }
    run->slowest_ms = median_ms(run, REQUESTS, &is_closed);
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    if (run->slowest_ms >= 0) {
        run_verdict(run, "responds");
        run_detail(run, "median %.2f ms alone, %.2f ms beside %d idle ones",
                   alone, run->slowest_ms, open);
    } else if (is_closed) {
        run_verdict(run, "closed");
        run_detail(run, "closed without a response beside %d idle ones", open);
    } else {
        run_verdict(run, "frozen");
        run_detail(run, "no response in %.1f s beside %d idle ones",
                   PATIENCE_MS / 1e3, open);
    }
}

static int time_until(int64_t moment)
{
    int64_t left = moment - clock_milliseconds();
    return left > 0 ? (int)left : 0;
}

// INFINITY if one of them has no response.
static double mean_ms(const struct client *clients, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += client_ms(&clients[i]);
    return sum / count;
}

// Twice as many events as can be done, each from a client of its own. A channel
// with a capacity of 20 is full after half of them.
void sustained_overload(struct run *run)
{
    enum { EVENTS = 80, QUARTER = EVENTS / 4, CAPACITY = 20 };
    static struct client clients[EVENTS];
    // Without metrics the lab can't know how many there are.
    struct settings small = {.capacity = CAPACITY};
    small.workers = run_has(run, HAS_METRICS) ? 0 : 1;
    if (!run_start(run, small))
        return;
    int workers = events_workers(run);
    int pause_ms = run->work_ms / 2 / (workers > 0 ? workers : 1);
    int64_t start = clock_milliseconds();
    for (int i = 0; i < EVENTS; i++) {
        client_open(&clients[i], run->server.port);
        client_post_event(&clients[i], "alice", 1);
        int64_t next = start + (int64_t)(i + 1) * pause_ms;
        clients_wait(clients, i + 1, time_until(next));
        poll(NULL, 0, time_until(next));
    }
    clients_wait(clients, EVENTS, run_limit_ms(run));
    for (int i = 0; i < EVENTS; i++) {
        run->accepted += clients[i].status == 200 || clients[i].status == 202;
        run->rejected += clients[i].status == 503;
    }
    double first = mean_ms(clients, QUARTER);
    double last = mean_ms(clients + EVENTS - QUARTER, QUARTER);
    run->slowest_ms = last;
    if (!isfinite(first))
        run_verdict(run, "no response");
    else if (run->accepted < CAPACITY)
        run_verdict(run, "%d in", run->accepted);
    else if (last > first + 10.0 * run->work_ms)
        run_verdict(run, "unbounded");
    else
        run_verdict(run, run->rejected > 0 ? "bounded" : "takes all");
    run_detail(run, "%d in, %d rejected; mean %.1f ms at first, %.1f ms later",
               run->accepted, run->rejected, first, last);
    for (int i = 0; i < EVENTS; i++)
        client_close(&clients[i]);
}
