#ifndef THAW_LAB_TIMELINE_TIMELINE_H
#define THAW_LAB_TIMELINE_TIMELINE_H

// timeline.h - what happened in a run, to be drawn
//
//     client 1  ----o            sent, waiting, response
//     client 2  --------o
//     client 3  x                rejected
//     work 1    ####====         a thread works on an event, then on the next
//     channel   1221             how many jobs wait; from 10 on, two digits
//               2109             below each other
//
// The lab measures the clients' times. The others come from the server's
// --trace. Both read the same clock.

#include <stdbool.h>
#include <stdint.h>

enum {
    TIMELINE_CLIENTS = 24,
    TIMELINE_SPANS = 64,
    TIMELINE_LANES = 24,
    TIMELINE_COUNTS = 256
};

// Times are in seconds since the run began.
struct timeline_client {
    const char *name;
    double sent;
    double responded; // negative: never
    double left;      // when a silent client left; 0: it is not silent
    int status;
};

struct timeline_span {
    double start, end;
    int lane; // overlapping spans have different lanes
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
// "sustained-overload"; NULL: the stage's default. With a directory, writes the
// raw trace of server and clients there, for ui.perfetto.dev. On failure prints
// why and returns -1.
int timeline_record(struct timeline *timeline, int stage, const char *name,
                    int work_ms, const char *trace_directory);

// Prints at most 80 columns. `end` is the time at the right edge.
void timeline_print(const struct timeline *timeline, double end);

// Prints what the signs mean that are in these timelines.
void timeline_print_legend(const struct timeline *timelines, int count,
                           double end);

// How far apart the marks of an axis are: a round number of seconds.
double timeline_step(double end);

// What there is to be explained in a legend.
struct timeline_signs {
    bool silent, waits, response, rejected, work, channel;
};
struct timeline_signs timeline_signs(const struct timeline *timelines,
                                     int count);

// Draws all of them side by side, on one scale. Returns -1 and sets errno.
int timeline_draw(const struct timeline *timelines, int count,
                  const char *svg_path);

// False: there is none of this name, and it printed that.
bool timeline_is_scenario(const char *name);

// Records the scenario on these stages, prints it, and with an `svg_path` draws
// it. Without a name, it is the first stage's default: what is compared has the
// same clients. Returns the exit status.
int timeline_show(const bool stages[], const char *scenario, int work_ms,
                  const char *svg_path, const char *trace_directory);

#endif
