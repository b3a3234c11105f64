// Experiments that ask whether the servers keep their promises.

#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
// accepted. Returns how many were done after a later one; negative: not all are
// done, and the verdict says so.
static int count_late(struct run *run, int work_ms)
{
    enum { EVENTS = 60 };
    struct client client;
    long amounts[EVENTS] = {0};
    int late = 0;
    run->accepted = 0;
    if (!run_start_printing(run, (struct settings){.work_ms = work_ms}))
        return -1;
    client_open(&client, run->server.port);
    for (int i = 1; i <= EVENTS; i++) {
        client_reopen(&client, run->server.port);
        client_post_event(&client, "alice", i);
        run->accepted += client_wait(&client, run_limit_ms(run));
    }
    client_close(&client);
    run_wait_done(run, EVENTS, EVENTS * (EVENTS + 1) / 2);
    run_stop(run);
    int count = read_changes(run->server.output.text, amounts, EVENTS);
    for (int i = 1; i < count; i++)
        late += amounts[i] < amounts[i - 1];
    run_detail(run, "%d events of one user, %d done after a later one", count,
               late);
    if (count == EVENTS)
        return late;
    run_verdict(run, "%d of %d done", count, EVENTS);
    return -1;
}

// Whether workers overtake each other depends on when each gets a processor,
// and for a while they may take turns. So it is tried again, with less work,
// until an event is seen to be late. Where there is one worker, none is.
void order(struct run *run)
{
    enum { TIMES = 8 };
    int late = count_late(run, run->work_ms);
    for (int i = 1; i < TIMES && late == 0; i++)
        late = count_late(run, 1);
    if (late >= 0)
        run_verdict(run, late > 0 ? "reordered" : "in order");
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
            client_reopen(&clients[i], run->server.port);
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
    run_wait_done(run, run->accepted, sent);
    long long found = run_balances(run);
    if (run->accepted < CLIENTS)
        run_verdict(run, "%d in", run->accepted);
    else
        run_verdict(run, found == sent ? "agrees" : "differs");
    run_detail(run, "%d accepted, %d rejected: %lld sent, %lld in the balances",
               run->accepted, run->rejected, sent, found);
}

// Many clients, few users. The gate holds the workers until all events wait,
// and then releases them at once. If two changes of a balance can collide, they
// collide here. Without a gate, the work of an event takes a millisecond.
void audit(struct run *run)
{
    static struct client clients[CLIENTS];
    struct gate gate;
    const struct settings held = {.capacity = 10000, .work_ms = 1};
    if (!run_start_held(run, &gate, held))
        return;
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], run->server.port);
    // If the responses come after the work, the gate must be open.
    if (!run_has(run, HAS_EARLY))
        gate_release(&gate, CLIENTS * ROUNDS);
    long long sent = send_rounds(run, clients);
    if (run_has(run, HAS_EARLY))
        gate_release(&gate, CLIENTS * ROUNDS);
    judge_sums(run, sent);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    run_end_held(run, &gate);
}

enum { EVENTS = 20 };

// Until the server has accepted the events. If its responses come after the
// work, a counter says so; without one, give it time to read them.
static void wait_for_events(struct run *run, struct client clients[EVENTS])
{
    if (run_has(run, HAS_EARLY) || !run_has(run, HAS_WORK))
        clients_wait(clients, EVENTS, LIMIT_MS);
    else if (run_has(run, HAS_METRICS))
        client_wait_metric(run->server.port, "thaw_events_accepted_total",
                           EVENTS, LIMIT_MS);
    else
        clients_wait(clients, EVENTS, PATIENCE_MS / 3);
}

// The number before these words; 0: they are not there.
static int number_before(const char *text, const char *words)
{
    const char *at = strstr(text, words);
    while (at != NULL && at > text && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return at != NULL ? (int)strtol(at, NULL, 10) : 0;
}

// An event is not lost if it is done, or waits where the next start finds it.
static void judge_shutdown(struct run *run)
{
    const char *printed = run->server.output.text;
    bool ends_itself = run->server.exit_status >= 0;
    const char *tally = strstr(printed, "stopped: ");
    if (tally == NULL)
        run_verdict(run, ends_itself ? "says nothing" : "just ends");
    else if (!run_has(run, HAS_WORK))
        run_verdict(run, "graceful");
    else
        run_verdict(run,
                    number_before(tally, " done") +
                                number_before(printed, " events wait in") ==
                            EVENTS
                        ? "none lost"
                        : "some lost");
    if (ends_itself)
        run_detail(run, "%d responses, then exit status %d", run->accepted,
                   run->server.exit_status);
    else
        run_detail(run, "%d responses, then the signal ended it",
                   run->accepted);
}

// A server that does not finish what it accepted ends now. The gate stays
// closed until then, or a quick worker would hide it.
static void wait_for_hasty_end(const struct run *run)
{
    enum { HASTE_MS = 1000 };
    int64_t end = clock_milliseconds() + HASTE_MS;
    while (run_has(run, HAS_GATE) && !server_has_ended(&run->server) &&
           clock_milliseconds() < end)
        poll(NULL, 0, 5);
}

// The gate holds the events. If there is no work, only connections are open.
void shutdown_by_signal(struct run *run)
{
    enum { WITHOUT_GATE_MS = 200 };
    struct client clients[EVENTS];
    struct gate gate;
    const struct settings held = {.work_ms = WITHOUT_GATE_MS};
    if (!run_start_held(run, &gate, held))
        return;
    for (int i = 0; i < EVENTS; i++) {
        client_open(&clients[i], run->server.port);
        client_post_event(&clients[i], "alice", 1);
    }
    wait_for_events(run, clients);
    run->died = server_is_ending(&run->server);
    server_signal(&run->server, SIGTERM);
    wait_for_hasty_end(run);
    gate_release(&gate, EVENTS);
    run->accepted = clients_wait(clients, EVENTS, run_limit_ms(run));
    for (int i = 0; i < EVENTS; i++)
        client_close(&clients[i]);
    run_wait_end(run);
    judge_shutdown(run);
    run_end_held(run, &gate);
}

void exit_by_signal(struct run *run)
{
    if (!run_start(run, (struct settings){0}))
        return;
    run_good_request(run);
    run_stop(run);
    run_verdict(run, "%s", run->died ? "ended before" : run->exit);
    run_detail(run, "after SIGTERM: %s", run->exit);
}
