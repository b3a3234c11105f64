#include "lab/judge/probe_private.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/printable.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ABILITIES] = {
    "responses", "keep-alive", "events",   "echo",  "early responses", "work",
    "gate",      "metrics",    "balances", "lines", "restart",         "trace",
};

const char *ability_name(int i)
{
    return names[i];
}

void probe_set(struct probing *probing, unsigned ability, bool is_there,
               const char *format, ...)
{
    int i = 0;
    char text[PRINTABLE_LINE];
    va_list arguments;
    while (1U << i != ability)
        i++;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printable_text(probing->probe->notes[i], NOTE_SIZE, text);
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
    probe_set(probing, HAS_RESPONSE, client.status != 0, "GET /health: %s",
              status_of(&client, status));
    bool responds = client.status != 0;
    client_request(&client, "GET", "/health", NULL);
    client_wait(&client, FIRST_MS);
    probe_set(probing, HAS_KEEP_ALIVE, responds && client.status != 0,
              "a second request on a connection: %s",
              status_of(&client, status));
    client_close(&client);
    return responds;
}

static void find_events(struct probing *probing)
{
    char status[32];
    struct client *client = &probing->client;
    client_request_once(client, probing->run.server.port, "POST", "/",
                        PROBE_EVENT, LIMIT_MS);
    bool accepts = client->status == 200 || client->status == 202;
    bool is_echo = accepts && client_body_is(client, PROBE_EVENT);
    bool is_early = accepts && !is_echo &&
                    (client->status == 202 || client_ms(client) < NO_WORK_MS);
    probe_set(probing, HAS_EVENTS, accepts, "POST / of an event: %s",
              status_of(client, status));
    probe_set(probing, HAS_ECHO, is_echo,
              "the response to an event has %s body",
              is_echo ? "its" : "another");
    probe_set(probing, HAS_EARLY, is_early, "an event gets %s after %.0f ms",
              status_of(client, status),
              client->status != 0 ? client_ms(client) : 0);
}

static void find_metrics(struct probing *probing)
{
    struct client client;
    char status[32];
    int port = probing->run.server.port;
    client_request_once(&client, port, "GET", "/metrics", NULL, FIRST_MS);
    bool is_there = client.status == 200 &&
                    client_metric(port, "thaw_events_done_total") >= 0;
    probe_set(probing, HAS_METRICS, is_there, "GET /metrics: %s%s",
              status_of(&client, status),
              is_there || client.status != 200
                  ? ""
                  : ", without thaw_events_done_total");
    client_close(&client);
}

static void find_traces_of_work(struct probing *probing)
{
    struct run *run = &probing->run;
    long long sum = run_balances(run);
    if (run->server.pid > 0) {
        bool works = (probing->subject->has & HAS_WORK) != 0;
        bool prints = output_contains(&run->server.output,
                                      ": alice +1 = ", works ? LINE_MS : 0);
        probe_set(probing, HAS_LINES, prints,
                  "it prints %s line like \"worker 1: alice +2 = 3\"",
                  prints ? "a" : "no");
    }
    probe_set(probing, HAS_BALANCES, sum != 0 && sum != -1,
              sum < 0 ? "GET /balances: no JSON object"
                      : "GET /balances: the sum is %lld after an event of 1",
              sum);
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
        probe_work(probing);
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
    probe_set(&probing, HAS_TRACE, false, "only our stages write it");
    if (!is_started_here)
        probe_set(&probing, HAS_WORK, false, "it runs already: no WORK_MS");
    probe_set(&probing, HAS_RESTART, is_started_here, "%s",
              is_started_here ? "the lab starts it"
                              : "it runs already: no settings, no signals");
    int result = limits_allow_clients(PROBE_CLIENTS + LIMITS_OTHERS_MORE)
                     ? ask(&probing)
                     : -1;
    if (result < 0 && trouble() != NULL)
        snprintf(probe->fault, sizeof probe->fault, "%s", trouble());
    server_wait(&probing.run.server, 0);
    snprintf(probe->printed, sizeof probe->printed, "%s",
             probing.run.server.output.text);
    bool has_events = (subject->has & HAS_EVENTS) != 0;
    if (result < 0 || !is_started_here || !has_events ||
        (subject->has & HAS_ECHO) != 0)
        return result;
    probe_gate(&probing);
    if ((subject->has & (HAS_WORK | HAS_EARLY)) == HAS_EARLY)
        probe_rejections(&probing);
    return 0;
}
