#ifndef THAW_LAB_TIMELINE_TIMELINE_H
#define THAW_LAB_TIMELINE_TIMELINE_H

// timeline.h - what happened in a run, to be drawn
//
//     client 1  ====o            sent, waiting, answered
//     client 2  ========o
//     client 3  x                refused
//     work      ####====         somebody works on an event
//     channel   _-=-_            how many jobs wait
//
// The clients' times are our own, the others come from the server's --trace.
// Both read the same clock, so they fit together.

#include <stdbool.h>
#include <stdint.h>

enum {
    TIMELINE_CLIENTS = 24,
    TIMELINE_SPANS = 64,
    TIMELINE_LANES = 8,
    TIMELINE_COUNTS = 256
};

// Times are in seconds since the run began.
struct timeline_client {
    const char *name;
    double sent;
    double answered; // negative: never
    double left;     // of a client that wants no answer: when it went
    int status;
};

struct timeline_span {
    double start, end;
    int lane; // spans that overlap are in different lanes
};

struct timeline_count {
    double at;
    int count; // from then on
};

struct timeline {
    int stage;
    const char *scenario;
    double end; // of the last thing that happened
    int client_count, span_count, lane_count, count_count;
    struct timeline_client clients[TIMELINE_CLIENTS];
    struct timeline_span spans[TIMELINE_SPANS];
    struct timeline_count counts[TIMELINE_COUNTS];
    int64_t began; // in nanoseconds, of clock_nanoseconds()
};

// Runs a scenario against a stage: "silent-clients", "ten-at-once" or
// "sustained-overload". NULL: the one that shows most about the stage. With a
// directory, the raw trace of server and clients goes into a file there, which
// ui.perfetto.dev opens. Returns -1 when it can't be done; that was said.
int timeline_record(struct timeline *timeline, int stage, const char *name,
                    int work_ms, const char *trace_directory);

// At most 80 columns. `end` is the time at the right edge.
void timeline_print(const struct timeline *timeline, double end);

// All of them side by side, on one scale. Returns -1 and errno.
int timeline_draw(const struct timeline *timelines, int count,
                  const char *svg_path);

// Records the scenario on these stages, prints it, and draws it where there is
// an `svg_path`. Returns the exit status.
int timeline_show(const bool stages[], const char *scenario, int work_ms,
                  const char *svg_path, const char *trace_directory);

#endif
