// Reads the server's trace, and adds the clients to it.

#include "lab/timeline/timeline_trace.h"
#include "lab/servers/stage.h"
#include "lab/trouble.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The first lane in which no span covers that time.
static int free_lane(const struct timeline *timeline, double start)
{
    for (int lane = 0; lane < TIMELINE_LANES - 1; lane++) {
        bool is_free = true;
        for (int i = 0; i < timeline->span_count; i++)
            if (timeline->spans[i].lane == lane &&
                timeline->spans[i].end > start + 1e-4)
                is_free = false;
        if (is_free)
            return lane;
    }
    return TIMELINE_LANES - 1;
}

static double seconds_of(const struct timeline *timeline, const json_t *event,
                         const char *key)
{
    double ts = json_number_value(json_object_get(event, key)) / 1e6;
    return strcmp(key, "ts") == 0 ? ts - (double)timeline->began / 1e9 : ts;
}

static void take_span(struct timeline *timeline, const json_t *event)
{
    if (timeline->span_count == TIMELINE_SPANS)
        return;
    double start = seconds_of(timeline, event, "ts");
    int lane = free_lane(timeline, start);
    timeline->spans[timeline->span_count++] = (struct timeline_span){
        start, start + seconds_of(timeline, event, "dur"), lane};
    if (timeline->lane_count <= lane)
        timeline->lane_count = lane + 1;
}

static void take_count(struct timeline *timeline, const json_t *event)
{
    const json_t *arguments = json_object_get(event, "args");
    if (timeline->count_count < TIMELINE_COUNTS)
        timeline->counts[timeline->count_count++] = (struct timeline_count){
            seconds_of(timeline, event, "ts"),
            (int)json_integer_value(json_object_get(arguments, "count"))};
}

static int by_start(const void *left, const void *right)
{
    const struct json_t *const *one = left;
    const struct json_t *const *two = right;
    double difference = json_number_value(json_object_get(*one, "ts")) -
                        json_number_value(json_object_get(*two, "ts"));
    return difference < 0 ? -1 : difference > 0;
}

// Other spans are no work: "commit" of durable's storage thread.
static bool is_work(const json_t *event)
{
    return strcmp(json_string_value(json_object_get(event, "ph")), "X") == 0 &&
           strcmp(json_string_value(json_object_get(event, "name")), "work") ==
               0;
}

// The server writes a span when it ends, so the trace is not sorted by start.
static void take_server_trace(struct timeline *timeline, const json_t *trace)
{
    const json_t *spans[TIMELINE_SPANS];
    size_t span_count = 0;
    size_t i;
    json_t *event;
    json_array_foreach(trace, i, event)
    {
        const char *phase = json_string_value(json_object_get(event, "ph"));
        if (strcmp(phase, "C") == 0)
            take_count(timeline, event);
        if (is_work(event) && span_count < TIMELINE_SPANS)
            spans[span_count++] = event;
    }
    qsort(spans, span_count, sizeof(const json_t *), by_start);
    for (i = 0; i < span_count; i++)
        take_span(timeline, spans[i]);
}

// The clients become lanes of a second process in the same file.
static void add_clients(const struct timeline *timeline, json_t *trace)
{
    for (int i = 0; i < timeline->client_count; i++) {
        const struct timeline_client *client = &timeline->clients[i];
        double until =
            client->responded >= 0 ? client->responded : client->left;
        double start = (double)timeline->began / 1e3 + client->sent * 1e6;
        json_array_append_new(
            trace, json_pack("{s:s, s:s, s:f, s:f, s:i, s:i, s:{s:i}}", "name",
                             client->name, "ph", "X", "ts", start, "dur",
                             (until - client->sent) * 1e6, "pid", 2, "tid",
                             i + 1, "args", "status", client->status));
    }
    json_array_append_new(trace, json_pack("{s:s, s:s, s:i, s:{s:s}}", "name",
                                           "process_name", "ph", "M", "pid", 2,
                                           "args", "name", "clients"));
}

static void find_end(struct timeline *timeline)
{
    for (int i = 0; i < timeline->client_count; i++) {
        const struct timeline_client *client = &timeline->clients[i];
        if (client->responded > timeline->end)
            timeline->end = client->responded;
        if (client->left > timeline->end)
            timeline->end = client->left;
    }
    for (int i = 0; i < timeline->span_count; i++)
        if (timeline->spans[i].end > timeline->end)
            timeline->end = timeline->spans[i].end;
}

int timeline_take_trace(struct timeline *timeline, const char *path,
                        const char *directory)
{
    char copy[4096];
    int result = 0;
    json_error_t error;
    json_t *trace = json_load_file(path, 0, &error);
    if (trace == NULL) {
        fprintf(stderr, "lab: the server's trace, line %d: %s\n", error.line,
                error.text);
        return -1;
    }
    take_server_trace(timeline, trace);
    find_end(timeline);
    if (directory != NULL) {
        snprintf(copy, sizeof copy, "%s/%s.json", directory,
                 stage_name(timeline->stage));
        add_clients(timeline, trace);
        result = json_dump_file(trace, copy, JSON_INDENT(1));
        if (result < 0)
            trouble_note("cannot write %s: %s", copy, strerror(errno));
    }
    json_decref(trace);
    return result;
}
