// Experiments that ask whether the servers keep their promises.

#include "lab/experiments/experiments.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

// The amounts in the lines that a server prints, "...: alice +2 = 3". Sorted by
// balance, which only grows, they are in the order of the changes.
static int read_changes(const char *printed, long amounts[], int max)
{
    long balances[256];
    int count = 0;
    for (const char *line = strstr(printed, ": alice +");
         line != NULL && count < max; line = strstr(line + 1, ": alice +")) {
        char *end;
        long amount = strtol(line + strlen(": alice +"), &end, 10);
        long balance = strtol(end + strlen(" = "), NULL, 10);
        int i = count++;
        for (; i > 0 && balances[i - 1] > balance; i--) {
            balances[i] = balances[i - 1];
            amounts[i] = amounts[i - 1];
        }
        balances[i] = balance;
        amounts[i] = amount;
    }
    return count;
}

// One client sends the amounts 1, 2, 3, ..., each after the one before was
// accepted.
void order(struct run *run)
{
    enum { EVENTS = 60 };
    struct client client;
    long amounts[EVENTS] = {0};
    if (!run_start_printing(run, NULL))
        return;
    client_open(&client, run->stage.port);
    for (int i = 1; i <= EVENTS; i++) {
        client_post_event(&client, "alice", i);
        run->accepted += client_wait(&client, run_limit_ms(run));
    }
    client_close(&client);
    client_wait_metric(run->stage.port, "thaw_events_done_total", EVENTS,
                       run_limit_ms(run));
    run_stop(run);
    int count = read_changes(run->stage.printed, amounts, EVENTS);
    int late = 0;
    for (int i = 1; i < count; i++)
        late += amounts[i] < amounts[i - 1];
    if (count < EVENTS)
        run_verdict(run, "%d of %d done", count, EVENTS);
    else
        run_verdict(run, late > 0 ? "reordered" : "in order");
    run_detail(run, "%d events of one user, %d done after a later one", count,
               late);
}

static long long sum_of_balances(int port)
{
    struct client client;
    long long sum = 0;
    client_request_once(&client, port, "GET", "/balances", NULL, LIMIT_MS);
    json_t *all = json_loadb(client.body.bytes, client.body.length, 0, NULL);
    const char *user;
    json_t *balance;
    json_object_foreach(all, user, balance) sum += json_integer_value(balance);
    json_decref(all);
    client_close(&client);
    return sum;
}

enum { CLIENTS = 64, ROUNDS = 100, USERS = 3 };

// In each round every client sends an event and waits for the response. Returns
// the sum of the accepted amounts.
static long long send_rounds(struct run *run, struct client clients[CLIENTS])
{
    long long sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            char user[16];
            snprintf(user, sizeof user, "user%d", (i + round) % USERS);
            client_post_event(&clients[i], user, i + round);
        }
        clients_wait(clients, CLIENTS, LIMIT_MS);
        for (int i = 0; i < CLIENTS; i++) {
            bool is_accepted =
                clients[i].status == 200 || clients[i].status == 202;
            run->accepted += is_accepted;
            sum += is_accepted ? i + round : 0;
        }
    }
    run->rejected = CLIENTS * ROUNDS - run->accepted;
    return sum;
}

static void judge_sums(struct run *run, long long sent)
{
    client_wait_metric(run->stage.port, "thaw_events_done_total", run->accepted,
                       LIMIT_MS);
    long long found = sum_of_balances(run->stage.port);
    run_verdict(run, found == sent ? "agrees" : "differs");
    run_detail(run, "%d accepted, %d rejected: %lld sent, %lld in the balances",
               run->accepted, run->rejected, sent, found);
}

// Many clients, few users. The gate holds the workers until all events wait,
// and then releases them at once. If two changes of a balance can collide, they
// collide here.
void audit(struct run *run)
{
    static struct client clients[CLIENTS];
    struct gate gate;
    if (!run_open_gate(run, &gate))
        return;
    const char *held[] = {"--work-gate", gate.path, "--capacity", "10000",
                          NULL};
    if (!run_has_channel(run))
        held[2] = NULL;
    if (run_start(run, held)) {
        for (int i = 0; i < CLIENTS; i++)
            client_open(&clients[i], run->stage.port);
        // Stage 4 responds after the work, so the gate must be open.
        if (!run_has_channel(run))
            gate_release(&gate, CLIENTS * ROUNDS);
        long long sent = send_rounds(run, clients);
        if (run_has_channel(run))
            gate_release(&gate, CLIENTS * ROUNDS);
        judge_sums(run, sent);
        for (int i = 0; i < CLIENTS; i++)
            client_close(&clients[i]);
        run_stop(run);
    }
    gate_close(&gate);
}

// In stages 4 to 6 the gate holds the events. In the others only connections
// are open.
void shutdown_by_signal(struct run *run)
{
    enum { EVENTS = 20 };
    struct client clients[EVENTS];
    struct gate gate;
    if (!run_open_gate(run, &gate))
        return;
    const char *held[] = {"--work-gate", gate.path, NULL};
    if (run_start(run, run_has_work(run) ? held : NULL)) {
        for (int i = 0; i < EVENTS; i++) {
            client_open(&clients[i], run->stage.port);
            client_post_event(&clients[i], "alice", 1);
        }
        if (!run_has_work(run) || run_has_channel(run))
            clients_wait(clients, EVENTS, LIMIT_MS);
        else
            client_wait_metric(run->stage.port, "thaw_events_accepted_total",
                               EVENTS, LIMIT_MS);
        stage_signal(&run->stage, SIGTERM);
        gate_release(&gate, EVENTS);
        run->accepted = clients_wait(clients, EVENTS, run_limit_ms(run));
        for (int i = 0; i < EVENTS; i++)
            client_close(&clients[i]);
        int status = stage_wait(&run->stage, run_limit_ms(run));
        const char *tally = strstr(run->stage.printed, "stopped: ");
        if (tally == NULL)
            run_verdict(run, status < 0 ? "just ends" : "says nothing");
        else if (!run_has_work(run))
            run_verdict(run, "graceful");
        else
            run_verdict(run, strstr(tally, " 20 done") != NULL ? "none lost"
                                                               : "some lost");
        if (status < 0)
            run_detail(run, "%d responses, then the signal ended it",
                       run->accepted);
        else
            run_detail(run, "%d responses, then exit status %d", run->accepted,
                       status);
    }
    gate_close(&gate);
}
