// Experiments with many events at once.

#include "lab/experiments/events.h"
#include "lab/experiments/experiments.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEN = 10, BURST = 300 };

static int by_time(const void *left, const void *right)
{
    double difference = client_ms(left) - client_ms(right);
    return difference < 0 ? -1 : difference > 0;
}

// All come without work, or before that of the first could be done: at once.
// The k-th response comes after k times the work: one by one. Otherwise: in
// parallel.
static void judge_staircase(struct run *run, struct client *clients,
                            double others_ms)
{
    bool works = run_has(run, HAS_WORK) && !run_has(run, HAS_EARLY);
    bool is_quick = !works || run->slowest_ms < run->work_ms;
    bool is_serial = works;
    qsort(clients, TEN, sizeof *clients, by_time);
    for (int i = 0; i < TEN; i++)
        if (client_ms(&clients[i]) < 0.95 * run->work_ms * (i + 1))
            is_serial = false;
    if (is_serial)
        run_verdict(run, "one by one");
    else if (is_quick)
        run_verdict(run, "at once");
    else
        run_verdict(run, "in parallel");
    if (is_quick)
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

// If responses come before the work, it is held: what comes, came without it.
void ten_at_once(struct run *run)
{
    struct client clients[TEN];
    struct gate gate = {.descriptor = -1};
    bool is_held = run_has(run, HAS_EARLY | HAS_WORK);
    if (!(is_held ? run_start_held(run, &gate, (struct settings){0})
                  : run_start(run, (struct settings){0})))
        return;
    events_send(run, clients, TEN);
    double health_ms = request_meanwhile(run, NULL);
    double rejection_ms = request_meanwhile(run, "hello");
    int responses = clients_wait(clients, TEN, run_limit_ms(run));
    events_count(run, clients, TEN);
    if (responses < TEN)
        run_verdict(run, "%d of %d", responses, TEN);
    else if (run->accepted < TEN)
        run_verdict(run, "%d in", run->accepted);
    else if (health_ms < 0 || rejection_ms < 0)
        run_verdict(run, "frozen");
    else
        judge_staircase(run, clients,
                        health_ms > rejection_ms ? health_ms : rejection_ms);
    events_close(clients, TEN);
    gate_release(&gate, TEN);
    run_end_held(run, &gate);
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

// First every worker that may take the burst's events gets one, so that the
// channel is empty and no worker receives from it while the burst comes.
static void occupy_workers(struct run *run)
{
    enum { A_WHILE = 300 }; // for a worker to take it
    struct client client;
    int workers =
        run_has(run, HAS_METRICS) ? events_workers(run) : run->settings.workers;
    client_open(&client, run->server.port);
    for (int i = 0; i < workers; i++) {
        client_reopen(&client, run->server.port);
        client_post_event(&client, "alice", 1);
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
    events_send(run, clients, BURST);
    wait_for_quick_responses(clients, BURST);
    events_count(run, clients, BURST);
    judge_burst(run);
    release_burst(run, &gate, clients);
    events_close(clients, BURST);
    run_end_held(run, &gate);
}

// So many users send an event each. Returns how many are accepted.
static int send_of_others(const struct run *run, int count)
{
    int accepted = 0;
    for (int i = 0; i < count; i++) {
        struct client client;
        char user[16];
        snprintf(user, sizeof user, "user%d", i);
        client_open(&client, run->server.port);
        client_post_event(&client, user, 1);
        client_wait(&client, LIMIT_MS);
        accepted += client.status == 202;
        client_close(&client);
    }
    return accepted;
}

// One user fills what there is for events, and no work ends. With lanes, each
// of the others may have the same lane, but not all of them have.
void one_floods(struct run *run)
{
    enum { FLOOD = 40, CAPACITY = 10, OTHERS = 16 };
    struct client clients[FLOOD];
    struct gate gate;
    const struct settings small = {
        .capacity = CAPACITY, .workers = run_has(run, HAS_METRICS) ? 0 : 1};
    if (!run_start_held(run, &gate, small))
        return;
    occupy_workers(run);
    events_send(run, clients, FLOOD);
    clients_wait(clients, FLOOD, run_limit_ms(run));
    events_count(run, clients, FLOOD);
    int others = send_of_others(run, OTHERS);
    if (run->rejected == 0)
        run_verdict(run, "takes all");
    else
        run_verdict(run, others > 0 ? "let in" : "shut out");
    run_detail(run, "one user: %d in, %d rejected; others: %d of %d in",
               run->accepted, run->rejected, others, OTHERS);
    events_close(clients, FLOOD);
    gate_release(&gate, 2 * FLOOD);
    run_end_held(run, &gate);
}
