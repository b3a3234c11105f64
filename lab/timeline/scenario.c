// What the clients of a timeline do, and how a run is recorded.

#include "lab/timeline/timeline.h"
#include "lab/clients/client.h"
#include "lab/servers/stage.h"
#include "lab/system_limits.h"
#include "lab/timeline/timeline_trace.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MS = 20000 }; // without any work, on a busy machine

// One client of a scenario.
struct part {
    const char *name;
    const char *body; // an event, or what is posted; NULL: GET /health
    double after;     // when it comes, in units of the work
    double silent;    // it sends nothing, and leaves then, in the same unit
};

static const char event[] =
    "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 1}";

static const struct part silent_clients[] = {
    {"silent", NULL, 0, 2}, {"silent", NULL, 0, 3},  {"silent", NULL, 0, 4},
    {"good", event, 1, 0},  {"good", event, 1.5, 0}, {"good", event, 4.5, 0},
};

static const struct part ten_at_once[] = {
    {"event 1", event, 0, 0},    {"event 2", event, 0, 0},
    {"event 3", event, 0, 0},    {"event 4", event, 0, 0},
    {"event 5", event, 0, 0},    {"event 6", event, 0, 0},
    {"event 7", event, 0, 0},    {"event 8", event, 0, 0},
    {"event 9", event, 0, 0},    {"event 10", event, 0, 0},
    {"no event", "hello", 1, 0}, {"/health", NULL, 2, 0},
};

static const struct part overload[] = {
    {"event 1", event, 0.0, 0},  {"event 2", event, 0.3, 0},
    {"event 3", event, 0.6, 0},  {"event 4", event, 0.9, 0},
    {"event 5", event, 1.2, 0},  {"event 6", event, 1.5, 0},
    {"event 7", event, 1.8, 0},  {"event 8", event, 2.1, 0},
    {"event 9", event, 2.4, 0},  {"event 10", event, 2.7, 0},
    {"event 11", event, 3.0, 0}, {"event 12", event, 3.3, 0},
};

static const struct scenario {
    const char *name;
    const struct part *parts;
    int count;
    int capacity;                // of the channel; 0: the server's default
    int first_stage, last_stage; // the default scenario for these stages
} scenarios[] = {
    {"silent-clients", silent_clients, 6, 0, 1, 2},
    {"ten-at-once", ten_at_once, 12, 0, 3, SERVERS},
    {"sustained-overload", overload, 12, 4, 0, 0},
};

bool timeline_is_scenario(const char *name)
{
    char shown[PRINTABLE_WORD];
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        if (strcmp(name, scenarios[i].name) == 0)
            return true;
    fprintf(stderr,
            "lab: no timeline of '%s': expected silent-clients, ten-at-once "
            "or sustained-overload\n",
            printable_text(shown, sizeof shown, name));
    return false;
}

// The name is one of a scenario, or NULL.
static const struct scenario *find_scenario(const char *name, int stage)
{
    const struct scenario *scenario = scenarios;
    while (name != NULL
               ? strcmp(name, scenario->name) != 0
               : stage < scenario->first_stage || stage > scenario->last_stage)
        scenario++;
    return scenario;
}

static double since(int64_t began, int64_t moment)
{
    return (double)(moment - began) / 1e9;
}

static double now(const struct timeline *timeline)
{
    return since(timeline->began, clock_nanoseconds());
}

static void begin(struct timeline *timeline, int i, const struct part *part,
                  struct client *client, int port)
{
    client_open(client, port);
    if (part->silent == 0 && part->body != NULL)
        client_post(client, part->body);
    else if (part->silent == 0)
        client_request(client, "GET", "/health", NULL);
    timeline->clients[i] = (struct timeline_client){
        .name = part->name,
        .sent = since(timeline->began, client->sent_at),
        .responded = -1};
}

// Lets a client do what is due. Returns whether it still has something to do or
// to wait for.
static bool advance(struct timeline *timeline, int i, const struct part *part,
                    struct client *client, int port, double work)
{
    bool has_begun = timeline->clients[i].name != NULL;
    if (!has_begun && now(timeline) >= part->after * work)
        begin(timeline, i, part, client, port);
    else if (!has_begun)
        return true;
    if (part->silent > 0 && !client->ended &&
        now(timeline) >= part->silent * work) {
        timeline->clients[i].left = now(timeline);
        client_close(client);
        client->ended = true;
    }
    return !client->ended && client->status == 0;
}

// All events, one by one, after the last has come.
static int limit_ms(const struct scenario *scenario, int work_ms)
{
    return LIMIT_MS + 2 * scenario->count * work_ms;
}

// Lets each client come and leave at its time, and waits for the responses.
static void play(struct timeline *timeline, const struct scenario *scenario,
                 int port, int work_ms)
{
    struct client clients[TIMELINE_CLIENTS];
    double work = work_ms / 1e3;
    int64_t end = clock_milliseconds() + limit_ms(scenario, work_ms);
    bool is_busy = true;
    for (int i = 0; i < scenario->count; i++)
        clients[i] = (struct client){.socket = -1};
    timeline->client_count = scenario->count;
    timeline->began = clock_nanoseconds();
    while (is_busy && clock_milliseconds() < end) {
        is_busy = false;
        for (int i = 0; i < scenario->count; i++)
            if (advance(timeline, i, &scenario->parts[i], &clients[i], port,
                        work))
                is_busy = true;
        clients_wait(clients, scenario->count, 1);
        poll(NULL, 0, 1);
    }
    for (int i = 0; i < scenario->count; i++) {
        timeline->clients[i].status = clients[i].status;
        if (clients[i].status != 0)
            timeline->clients[i].responded =
                since(timeline->began, clients[i].responded_at);
        client_close(&clients[i]);
    }
}

static int run(struct timeline *timeline, const struct scenario *scenario,
               int work_ms, const char *trace)
{
    struct command command;
    struct server server;
    const struct settings settings = {.quiet = true,
                                      .trace = trace,
                                      .work_ms = work_ms,
                                      .capacity = scenario->capacity};
    stage_command(&command, timeline->stage, NULL);
    if (server_start(&server, &command, &settings) < 0) {
        if (trouble() == NULL)
            fprintf(stderr, "lab: %s did not start: %s\n",
                    stage_name(timeline->stage), server.fault);
        printable_lines(stderr, "", server.output.text);
        return -1;
    }
    play(timeline, scenario, server.port, work_ms);
    server_signal(&server, SIGTERM); // it finishes what it accepted
    int status = server_wait(&server, limit_ms(scenario, work_ms));
    if (status == (timeline->stage == 1 ? -1 : 0))
        return 0;
    fprintf(stderr, "lab: %s ended with status %d: its work is not known\n",
            stage_name(timeline->stage), status);
    printable_lines(stderr, "", server.output.text);
    return -1;
}

// A file for the server's trace, in TMPDIR.
static bool make_trace(char *path, size_t size)
{
    int length = snprintf(path, size, "%s/thaw-trace-XXXXXX", limits_tmpdir());
    int descriptor = length < (int)size ? mkstemp(path) : -1;
    if (descriptor < 0)
        trouble_note_errno("trace file in TMPDIR");
    else
        close(descriptor);
    return descriptor >= 0;
}

int timeline_record(struct timeline *timeline, int stage, const char *name,
                    int work_ms, const char *trace_directory)
{
    const struct scenario *scenario = find_scenario(name, stage);
    char path[1024];
    if (!limits_allow_clients(scenario->count) ||
        !make_trace(path, sizeof path))
        return -1;
    *timeline = (struct timeline){.stage = stage, .scenario = scenario->name};
    int result = run(timeline, scenario, work_ms, path);
    if (result == 0)
        result = timeline_take_trace(timeline, path, trace_directory);
    unlink(path);
    return result;
}
