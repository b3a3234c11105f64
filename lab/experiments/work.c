// Experiments with many events at once.

#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

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
    if (client_request_once(&client, run->stage.port,
                            body != NULL ? "POST" : "GET",
                            body != NULL ? "/" : "/health", body, PATIENCE_MS))
        ms = client_ms(&client);
    client_close(&client);
    return ms;
}

void ten_at_once(struct run *run)
{
    struct client clients[TEN];
    if (!run_start(run, NULL))
        return;
    send_events(clients, TEN, run->stage.port);
    double health_ms = request_meanwhile(run, NULL);
    double rejection_ms = request_meanwhile(run, "hello");
    int responses = clients_wait(clients, TEN, run_limit_ms(run));
    count_responses(run, clients, TEN);
    if (responses < TEN)
        run_verdict(run, "%d of %d", responses, TEN);
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

static void judge_burst(struct run *run)
{
    struct stage_usage usage = stage_usage(&run->stage);
    int responses = run->accepted + run->rejected;
    if (responses == 0 && usage.threads >= BURST) {
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
    struct client client;
    client_open(&client, run->stage.port);
    int workers = (int)client_metric(run->stage.port, "thaw_workers");
    for (int i = 0; i < workers; i++) {
        client_post_event(&client, "early", 1);
        client_wait(&client, LIMIT_MS);
    }
    client_wait_metric(run->stage.port, "thaw_busy_workers", workers, LIMIT_MS);
    client_close(&client);
}

void burst(struct run *run)
{
    static struct client clients[BURST];
    struct gate gate;
    if (!run_open_gate(run, &gate))
        return;
    const char *held[] = {"--work-gate", gate.path, NULL};
    if (run_start(run, run_has_work(run) ? held : NULL)) {
        if (run_has_channel(run))
            occupy_workers(run);
        send_events(clients, BURST, run->stage.port);
        wait_for_quick_responses(clients, BURST);
        count_responses(run, clients, BURST);
        judge_burst(run);
        gate_release(&gate, 2 * BURST);
        clients_wait(clients, BURST, LIMIT_MS);
        close_all(clients, BURST);
        run_stop(run);
    }
    gate_close(&gate);
}

// Jobs per second, times the work for one: so many at once.
void throughput(struct run *run)
{
    enum { JOBS = 24 };
    struct client clients[JOBS];
    if (!run_start(run, NULL))
        return;
    int jobs = run->stage.number == 6 ? JOBS : JOBS / 4;
    int64_t start = clock_nanoseconds();
    send_events(clients, jobs, run->stage.port);
    clients_wait(clients, jobs, run_limit_ms(run));
    count_responses(run, clients, jobs);
    if (run_has_work(run) &&
        !client_wait_metric(run->stage.port, "thaw_events_done_total", jobs,
                            run_limit_ms(run))) {
        run_verdict(run, "not done");
        run_detail(run, "%d events are not done in %d s", jobs,
                   run_limit_ms(run) / 1000);
    } else if (run_has_work(run)) {
        double seconds = (double)(clock_nanoseconds() - start) / 1e9;
        double per_second = jobs / seconds;
        run_verdict(run, "%.0f at once", per_second * run->work_ms / 1e3);
        run_detail(run, "%d jobs in %.1f s: %.1f jobs per second", jobs,
                   seconds, per_second);
    } else {
        run_verdict(run, "no work");
        run_detail(run, "no work is done");
    }
    close_all(clients, jobs);
}
