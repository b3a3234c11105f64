// Experiments with many events at once.

#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEN = 10, BURST = 300 };

static void send_events(struct client *clients, int count, int port)
{
    for (int i = 0; i < count; i++)
        client_open(&clients[i], port);
    for (int i = 0; i < count; i++)
        client_post_event(&clients[i], "alice", 1);
}

static void count_responses(struct run *run, const struct client *clients,
                            int count)
{
    for (int i = 0; i < count; i++) {
        run->accepted += clients[i].status == 200 || clients[i].status == 202;
        run->rejected += clients[i].status == 503;
        if (clients[i].status != 0 && client_ms(&clients[i]) > run->slowest_ms)
            run->slowest_ms = client_ms(&clients[i]);
    }
}

static void close_all(struct client *clients, int count)
{
    for (int i = 0; i < count; i++)
        client_close(&clients[i]);
}

static int by_time(const void *left, const void *right)
{
    double difference = client_ms(left) - client_ms(right);
    return difference < 0 ? -1 : difference > 0;
}

// The k-th response comes after k times the work: one by one. All come before
// the work of the first could be done: at once. Otherwise: in parallel.
static void judge_staircase(struct run *run, struct client *clients,
                            double others_ms)
{
    bool is_serial = true;
    qsort(clients, TEN, sizeof *clients, by_time);
    for (int i = 0; i < TEN; i++)
        if (client_ms(&clients[i]) < 0.95 * run->work_ms * (i + 1))
            is_serial = false;
    if (is_serial)
        run_verdict(run, "one by one");
    else if (run->slowest_ms < run->work_ms)
        run_verdict(run, "at once");
    else
        run_verdict(run, "in parallel");
    if (run->slowest_ms < run->work_ms)
        run_detail(run, "ten responses within %.1f ms", run->slowest_ms);
    else
        run_detail(run, "after %.1f, %.1f, %.1f ... %.1f s; others in %.1f ms",
                   client_ms(&clients[0]) / 1e3, client_ms(&clients[1]) / 1e3,
                   client_ms(&clients[2]) / 1e3,
                   client_ms(&clients[TEN - 1]) / 1e3, others_ms);
}

// While the ten wait: a body that is not an event, or with a NULL body
// GET /health. Neither needs work. Negative: no response.
static double request_meanwhile(const struct run *run, const char *body)
{
    struct client client;
    double ms = -1;
    if (client_request_once(&client, run->server.port,
                            body != NULL ? "POST" : "GET",
                            body != NULL ? "/" : "/health", body, PATIENCE_MS))
        ms = client_ms(&client);
    client_close(&client);
    return ms;
}

void ten_at_once(struct run *run)
{
    struct client clients[TEN];
    if (!run_start(run, (struct settings){0}))
        return;
    send_events(clients, TEN, run->server.port);
    double health_ms = request_meanwhile(run, NULL);
    double rejection_ms = request_meanwhile(run, "hello");
    int responses = clients_wait(clients, TEN, run_limit_ms(run));
    count_responses(run, clients, TEN);
    if (responses < TEN)
        run_verdict(run, "%d of %d", responses, TEN);
    else if (run->accepted < TEN)
        run_verdict(run, "%d in", run->accepted);
    else if (health_ms < 0 || rejection_ms < 0)
        run_verdict(run, "frozen");
    else
        judge_staircase(run, clients,
                        health_ms > rejection_ms ? health_ms : rejection_ms);
    close_all(clients, TEN);
}

// Waits until no more responses come: those that wait at the gate do not.
static void wait_for_quick_responses(struct client *clients, int count)
{
    int responses = -1;
    int before = -2;
    while (responses < count && responses != before) {
        before = responses;
        responses = clients_wait(clients, count, PATIENCE_MS / 2);
    }
}

// No response: then all events must be in the server, and not in the backlog.
static bool are_all_in(struct run *run)
{
    if (run_has(run, HAS_METRICS))
        return client_wait_metric(
            run->server.port, "thaw_events_accepted_total", BURST, LIMIT_MS);
    return run_good_request(run) >= 0;
}

static void judge_burst(struct run *run)
{
    int responses = run->accepted + run->rejected;
    bool is_blocked =
        responses == 0 && run_has(run, HAS_WORK) && are_all_in(run);
    struct server_usage usage = server_usage(&run->server);
    if (is_blocked) {
        run->slowest_ms = -1;
        run_verdict(run, "blocked");
        run_detail(run, "no response yet; threads: %d, memory %.1f MB",
                   usage.threads, usage.memory_mb);
        return;
    }
    if (responses < BURST)
        run_verdict(run, "%d of %d", responses, BURST);
    else if (run->rejected > 0)
        run_verdict(run, "%d in", run->accepted);
    else
        run_verdict(run, "takes all");
    run_detail(run,
               "%d in, %d rejected, in %.0f ms; threads: %d, memory %.1f MB",
               run->accepted, run->rejected, run->slowest_ms, usage.threads,
               usage.memory_mb);
}

// First every worker gets an event, so that the channel is empty and no worker
// receives from it while the burst comes.
static void occupy_workers(struct run *run)
{
    enum { A_WHILE = 300 }; // for a worker to take it
    struct client client;
    int workers = run_has(run, HAS_METRICS)
                      ? (int)client_metric(run->server.port, "thaw_workers")
                      : run->settings.workers;
    client_open(&client, run->server.port);
    for (int i = 0; i < workers; i++) {
        client_reopen(&client, run->server.port);
        client_post_event(&client, "early", 1);
        client_wait(&client, LIMIT_MS);
    }
    if (run_has(run, HAS_METRICS))
        client_wait_metric(run->server.port, "thaw_busy_workers", workers,
                           LIMIT_MS);
    else
        poll(NULL, 0, A_WHILE);
    client_close(&client);
}

// Responses that waited for the work must come after it.
static void release_burst(struct run *run, const struct gate *gate,
                          struct client *clients)
{
    gate_release(gate, 2 * BURST);
    if (!run_has(run, HAS_GATE))
        return;
    int responses = clients_wait(clients, BURST, run_limit_ms(run));
    if (responses < BURST)
        run_verdict(run, "%d of %d", responses, BURST);
}

void burst(struct run *run)
{
    static struct client clients[BURST];
    struct gate gate;
    const struct settings held = {.workers = run_has(run, HAS_METRICS) ? 0 : 1};
    if (!run_start_held(run, &gate, held))
        return;
    if (run_has(run, HAS_EARLY | HAS_WORK))
        occupy_workers(run);
    send_events(clients, BURST, run->server.port);
    wait_for_quick_responses(clients, BURST);
    count_responses(run, clients, BURST);
    judge_burst(run);
    release_burst(run, &gate, clients);
    close_all(clients, BURST);
    run_end_held(run, &gate);
}

// So many that each worker gets six.
static int count_jobs(const struct run *run)
{
    enum { EACH = 6, WORKERS_MAX = 4 };
    int workers = 1;
    if (run_has(run, HAS_EARLY | HAS_WORK))
        workers = (int)client_metric(run->server.port, "thaw_workers");
    bool is_known = workers >= 1 && workers <= WORKERS_MAX;
    return EACH * (is_known ? workers : WORKERS_MAX);
}

// Jobs per second, times the work for one: so many at once.
void throughput(struct run *run)
{
    enum { JOBS_MAX = 24 };
    struct client clients[JOBS_MAX];
    if (!run_start(run, (struct settings){0}))
        return;
    int jobs = count_jobs(run);
    int64_t start = clock_nanoseconds();
    send_events(clients, jobs, run->server.port);
    clients_wait(clients, jobs, run_limit_ms(run));
    count_responses(run, clients, jobs);
    if (run->accepted < jobs) {
        run_verdict(run, "%d in", run->accepted);
    } else if (!run_has(run, HAS_WORK)) {
        run_verdict(run, "no work");
        run_detail(run, "no work is done");
    } else if (run_has(run, HAS_EARLY) && !run_wait_done(run, jobs, jobs)) {
        run_verdict(run, "not done");
        run_detail(run, "%d events are not done in %d s", jobs,
                   run_limit_ms(run) / 1000);
    } else {
        double seconds = (double)(clock_nanoseconds() - start) / 1e9;
        double per_second = jobs / seconds;
        run_verdict(run, "%.0f at once", per_second * run->work_ms / 1e3);
        run_detail(run, "%d jobs in %.1f s: %.1f jobs per second", jobs,
                   seconds, per_second);
    }
    close_all(clients, jobs);
}
