#include "lab/judge/probe.h"
#include "lab/experiments/run.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { WORK_MS = 1000 };   // so much that no response without work takes it
enum { NO_WORK_MS = 950 }; // what is done sooner was not worked on
enum { FIRST_MS = 5000 };  // for a first response, on a busy machine

static const char event[] =
    "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 1}";

static const char *const names[ABILITIES] = {
    "responses", "keep-alive", "events",   "echo",  "early responses", "work",
    "gate",      "metrics",    "balances", "lines", "restart",         "trace",
};

const char *ability_name(int i)
{
    return names[i];
}

// What the probe is doing.
struct probing {
    struct subject *subject;
    struct probe *probe;
    struct run run;
    struct client client; // which posted the event
};

// Sets what was seen, and whether the server has this.
__attribute__((format(printf, 4, 5))) static void set(struct probing *probing,
                                                      unsigned ability,
                                                      bool is_there,
                                                      const char *format, ...)
{
    int i = 0;
    va_list arguments;
    while (1U << i != ability)
        i++;
    va_start(arguments, format);
    vsnprintf(probing->probe->notes[i], NOTE_SIZE, format, arguments);
    va_end(arguments);
    if (is_there)
        probing->subject->has |= ability;
}

static const char *status_of(const struct client *client, char text[32])
{
    if (client->status != 0)
        snprintf(text, 32, "%d", client->status);
    else
        snprintf(text, 32, client->ended ? "closed" : "no response");
    return text;
}

static bool find_responses(struct probing *probing)
{
    struct client client;
    char status[32];
    int port = probing->run.server.port;
    client_request_once(&client, port, "GET", "/health", NULL, FIRST_MS);
    set(probing, HAS_RESPONSE, client.status != 0, "GET /health: %s",
        status_of(&client, status));
    bool responds = client.status != 0;
    client_request(&client, "GET", "/health", NULL);
    client_wait(&client, FIRST_MS);
    set(probing, HAS_KEEP_ALIVE, responds && client.status != 0,
        "a second request on a connection: %s", status_of(&client, status));
    client_close(&client);
    return responds;
}

static void find_events(struct probing *probing)
{
    char status[32];
    struct client *client = &probing->client;
    client_request_once(client, probing->run.server.port, "POST", "/", event,
                        LIMIT_MS);
    bool accepts = client->status == 200 || client->status == 202;
    bool is_echo = accepts && client_body_is(client, event);
    bool is_early = accepts && !is_echo &&
                    (client->status == 202 || client_ms(client) < NO_WORK_MS);
    set(probing, HAS_EVENTS, accepts, "POST / of an event: %s",
        status_of(client, status));
    set(probing, HAS_ECHO, is_echo, "the response to an event has %s body",
        is_echo ? "its" : "another");
    set(probing, HAS_EARLY, is_early, "an event gets %s after %.0f ms",
        status_of(client, status), client->status != 0 ? client_ms(client) : 0);
}

static void find_metrics(struct probing *probing)
{
    struct client client;
    char status[32];
    int port = probing->run.server.port;
    client_request_once(&client, port, "GET", "/metrics", NULL, FIRST_MS);
    bool is_there = client.status == 200 &&
                    client_metric(port, "thaw_events_done_total") >= 0;
    set(probing, HAS_METRICS, is_there, "GET /metrics: %s%s",
        status_of(&client, status),
        is_there || client.status != 200 ? ""
                                         : ", without thaw_events_done_total");
    client_close(&client);
}

// Whether something says that the event is done, and it was long enough.
static void find_work(struct probing *probing)
{
    struct run *run = &probing->run;
    struct client *client = &probing->client;
    bool is_late = (probing->subject->has & (HAS_EARLY | HAS_ECHO)) == 0 &&
                   client->status != 0;
    bool is_done = is_late;
    while (!is_done &&
           clock_nanoseconds() - client->sent_at < 3 * WORK_MS * 1000000LL) {
        is_done = run_is_done(run, 1, 1);
        poll(NULL, 0, 5);
    }
    double ms = is_late ? client_ms(client)
                        : (double)(clock_nanoseconds() - client->sent_at) / 1e6;
    if (is_done)
        set(probing, HAS_WORK, ms >= NO_WORK_MS,
            "with WORK_MS=%d an event is done after %.0f ms", WORK_MS, ms);
    else
        set(probing, HAS_WORK, false,
            "nothing says that an event is done: no metric, balance or line");
}

static void find_traces_of_work(struct probing *probing)
{
    struct run *run = &probing->run;
    long long sum = run_balances(run);
    if (run->server.pid > 0)
        set(probing, HAS_LINES,
            output_contains(&run->server.output, ": alice +1 = ", 0),
            "it prints %s line like \"worker 1: alice +2 = 3\"",
            output_contains(&run->server.output, ": alice +1 = ", 0) ? "a"
                                                                     : "no");
    set(probing, HAS_BALANCES, sum == 1,
        sum < 0 ? "GET /balances: no JSON object"
                : "GET /balances: the sum is %lld after an event of 1",
        sum);
}

// With the smallest channel and long work: if some events are rejected, the
// others are worked on.
static void find_work_by_rejections(struct probing *probing)
{
    enum { EVENTS = 20 };
    struct client clients[EVENTS];
    struct run *run = &probing->run;
    struct settings small = {.capacity = 1, .workers = 1, .work_ms = HELD_MS};
    int rejected = 0;
    if (!run_start(run, small))
        return;
    for (int i = 0; i < EVENTS; i++) {
        client_open(&clients[i], run->server.port);
        client_post(&clients[i], event);
    }
    clients_wait(clients, EVENTS, FIRST_MS);
    for (int i = 0; i < EVENTS; i++) {
        rejected += clients[i].status == 503;
        client_close(&clients[i]);
    }
    if (rejected > 0)
        set(probing, HAS_WORK, true,
            "with CAPACITY=1 it rejects %d of %d events", rejected, EVENTS);
    server_wait(&run->server, 0);
}

static int bytes_in(const struct gate *gate)
{
    int count = 0;
    ioctl(gate->descriptor, FIONREAD, &count);
    return count;
}

// Three bytes, one event: two must be left.
static void find_gate(struct probing *probing)
{
    enum { BYTES = 3, A_WHILE = 100 };
    struct gate gate;
    struct client client;
    struct run *run = &probing->run;
    if (gate_open(&gate) < 0)
        return;
    const struct settings held = {.work_gate = gate.path};
    if (!run_start(run, held)) {
        set(probing, HAS_GATE, false, "with WORK_GATE: %.70s",
            run->server.fault);
        gate_close(&gate);
        return;
    }
    client_open(&client, run->server.port);
    client_post(&client, event);
    client_wait(&client, A_WHILE);
    gate_release(&gate, BYTES);
    int64_t end = clock_milliseconds() + 2 * PATIENCE_MS;
    while (bytes_in(&gate) == BYTES && clock_milliseconds() < end)
        poll(NULL, 0, 5);
    poll(NULL, 0, A_WHILE); // for more than one
    int used = BYTES - bytes_in(&gate);
    set(probing, HAS_GATE, used == 1,
        used == 0 ? "it reads nothing from WORK_GATE, %d bytes for an event"
                  : "it reads %d of 3 bytes for one event%s",
        used, used == 1 ? "" : ": read without a buffer");
    if (used == 1)
        probing->subject->has |= HAS_WORK;
    client_close(&client);
    server_wait(&run->server, 0);
    gate_close(&gate);
}

// What it has when it is started with work.
static int ask(struct probing *probing)
{
    struct run *run = &probing->run;
    if (!run_start_printing(run, (struct settings){.work_ms = WORK_MS})) {
        snprintf(probing->probe->fault, sizeof probing->probe->fault, "%s",
                 run->server.fault);
        return -1;
    }
    if (!find_responses(probing)) {
        snprintf(probing->probe->fault, sizeof probing->probe->fault,
                 "it listens, but gives no response to GET /health in %d s",
                 FIRST_MS / 1000);
        return -1;
    }
    find_events(probing);
    find_metrics(probing);
    // What is found last may be what says that an event is done.
    probing->subject->has |= HAS_BALANCES | HAS_LINES;
    if (run->server.pid > 0)
        find_work(probing);
    probing->subject->has &= ~(unsigned)(HAS_BALANCES | HAS_LINES);
    find_traces_of_work(probing);
    client_close(&probing->client);
    return 0;
}

int probe_subject(struct subject *subject, struct probe *probe)
{
    static struct probing probing;
    probing = (struct probing){.subject = subject, .probe = probe};
    probing.run = (struct run){.subject = subject};
    probing.client.socket = -1;
    *probe = (struct probe){.fault = ""};
    bool is_started_here = subject->command.words[0] != NULL;
    set(&probing, HAS_RESTART, is_started_here, "%s",
        is_started_here ? "the lab starts it"
                        : "it runs already: no settings, no signals");
    int result = ask(&probing);
    server_wait(&probing.run.server, 0);
    snprintf(probe->printed, sizeof probe->printed, "%s",
             probing.run.server.output.text);
    bool has_events = (subject->has & HAS_EVENTS) != 0;
    if (result < 0 || !is_started_here || !has_events ||
        (subject->has & HAS_ECHO) != 0)
        return result;
    find_gate(&probing);
    if ((subject->has & (HAS_WORK | HAS_EARLY)) == HAS_EARLY)
        find_work_by_rejections(&probing);
    return 0;
}
