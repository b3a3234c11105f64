#include "lab/overload/sending.h"
#include "lab/clients/client.h"
#include "lab/overload/arrivals.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"

#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_LINE_S = 10 }; // for the first event to be done, on a busy machine

// Every so often the server is asked how many events wait. Not in step with the
// work, which would always be at the same point then.
#define SAMPLE_SECONDS 0.037

static struct {
    const struct overload_plan *plan;
    const struct server *server;
    double limit; // in seconds
    struct sending sending;
    struct client *clients;
    int *event_of; // the number of a client's event; -1: it asks for metrics
    int client_count, client_max;
    int first; // the clients before it have their responses
    double next_sample;
} run;

// The thread that reads the server's output uses these, too.
static atomic_int done_count;
static atomic_llong began; // in nanoseconds

static double seconds_at(int64_t nanoseconds)
{
    return (double)(nanoseconds - atomic_load(&began)) / 1e9;
}

static double now(void)
{
    return seconds_at(clock_nanoseconds());
}

// On the thread that reads the server's output. Event i has the amount i + 1:
// "worker 1: load +17 = 153".
void sending_on_line(struct slice line)
{
    static const char user[] = ": load +";
    char text[128];
    snprintf(text, sizeof text, "%.*s", (int)line.length, line.bytes);
    const char *found = strstr(text, user);
    long amount = found != NULL ? strtol(found + strlen(user), NULL, 10) : 0;
    if (amount < 1 || amount > run.sending.event_count ||
        run.sending.events[amount - 1].done >= 0)
        return;
    run.sending.events[amount - 1].done = now();
    atomic_fetch_add(&done_count, 1);
}

// An event, or with -1 a question for the metrics.
static void send_one(int event)
{
    if (run.client_count == run.client_max)
        return;
    struct client *client = &run.clients[run.client_count];
    run.event_of[run.client_count++] = event;
    client_open(client, run.server->port);
    if (event >= 0) {
        run.sending.events[event].sent = now();
        client_post_event(client, "load", event + 1);
    } else {
        client_request(client, "GET", "/metrics", NULL);
    }
}

// Negative: the server does not say.
static double waiting_in(const struct client *client)
{
    double accepted = client_body_metric(client, "thaw_events_accepted_total");
    double done = client_body_metric(client, "thaw_events_done_total");
    double waiting = client_body_metric(client, "thaw_channel_jobs");
    if (waiting < 0)
        waiting = client_body_metric(client, "thaw_mutex_waiting_threads");
    if (waiting < 0 && accepted >= 0 && done >= 0)
        waiting = fmax(accepted - done - run.plan->workers, 0);
    return waiting;
}

static void take_sample(const struct client *client)
{
    double waiting = waiting_in(client);
    double done = client_body_metric(client, "thaw_events_done_total");
    double seconds = client_body_metric(client, "thaw_work_seconds_total");
    if (waiting < 0)
        return;
    run.sending.samples++;
    run.sending.waiting_sum += waiting;
    run.sending.waiting_max = fmax(run.sending.waiting_max, waiting);
    if (done > 0 && seconds > 0)
        run.sending.work = seconds / done;
}

static void take_response(const struct client *client, int number)
{
    struct summary_event *event = &run.sending.events[number];
    event->status = client->status;
    run.sending.responses++;
    run.sending.accepted += summary_is_accepted(event);
    if (client->status != 0)
        event->responded = seconds_at(client->responded_at);
}

static void take_responses(void)
{
    for (int i = run.first; i < run.client_count; i++) {
        struct client *client = &run.clients[i];
        bool is_waiting = client->status == 0 && !client->ended;
        if (is_waiting || run.event_of[i] == run.client_max)
            continue;
        if (run.event_of[i] < 0)
            take_sample(client);
        else
            take_response(client, run.event_of[i]);
        client_close(client);
        run.event_of[i] = run.client_max; // it is taken
    }
    while (run.first < run.client_count &&
           run.event_of[run.first] == run.client_max)
        run.first++;
}

// When the next event is due.
static double next_due(void)
{
    return run.sending.sent < run.sending.event_count
               ? run.sending.events[run.sending.sent].due
               : (double)INFINITY;
}

static void send_what_is_due(void)
{
    while (next_due() <= now())
        send_one(run.sending.sent++);
    if (run.next_sample > now())
        return;
    send_one(-1);
    run.next_sample += SAMPLE_SECONDS;
}

// Waits for responses, until something is due.
static void wait_until_due(void)
{
    int left = (int)ceil((fmin(next_due(), run.next_sample) - now()) * 1e3);
    if (left <= 0)
        return;
    if (run.first < run.client_count)
        clients_wait(&run.clients[run.first], run.client_count - run.first,
                     left);
    else
        poll(NULL, 0, left);
}

static bool is_over(void)
{
    const struct sending *sending = &run.sending;
    return sending->sent == sending->event_count &&
           sending->responses == sending->event_count &&
           atomic_load(&done_count) >= sending->accepted;
}

// An accepted event should have been done by now, and none is.
static bool has_no_lines(void)
{
    double patience = FIRST_LINE_S + run.plan->work_ms / 1e3;
    return run.sending.accepted > 0 && atomic_load(&done_count) == 0 &&
           now() > run.sending.events[0].sent + patience;
}

const struct sending *sending_run(const struct server *server)
{
    run.server = server;
    atomic_store(&began, clock_nanoseconds());
    while (!is_over() && !has_no_lines() && now() < run.limit &&
           !server_has_ended(server) && trouble() == NULL) {
        send_what_is_due();
        wait_until_due();
        take_responses();
    }
    run.sending.done = atomic_load(&done_count);
    return &run.sending;
}

bool sending_init(const struct overload_plan *plan, int events, double limit)
{
    size_t count = (size_t)events;
    double *moments = calloc(count, sizeof *moments);
    run.plan = plan;
    run.limit = limit;
    run.client_max = events + (int)(limit / SAMPLE_SECONDS) + 1;
    run.sending = (struct sending){.event_count = events};
    run.sending.events = calloc(count, sizeof *run.sending.events);
    run.clients = calloc((size_t)run.client_max, sizeof *run.clients);
    run.event_of = calloc((size_t)run.client_max, sizeof *run.event_of);
    bool has_memory = moments != NULL && run.sending.events != NULL &&
                      run.clients != NULL && run.event_of != NULL;
    if (has_memory)
        arrivals_make(moments, events, plan->seconds);
    else
        trouble_note("the lab has no memory for %d events", events);
    for (int i = 0; i < events && has_memory; i++)
        run.sending.events[i] = (struct summary_event){
            .due = moments[i], .sent = -1, .responded = -1, .done = -1};
    free(moments);
    return has_memory;
}
