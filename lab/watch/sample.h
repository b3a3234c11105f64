#ifndef THAW_LAB_WATCH_SAMPLE_H
#define THAW_LAB_WATCH_SAMPLE_H

// sample.h - the metrics of a server at one moment, and two moments compared
//
//     sample      counters and buckets, as GET /metrics has them
//     history     the samples of the last five seconds
//     rates       newest - oldest: per second, and the 99th percentile

#include "lib/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SAMPLE_BUCKETS = 40,
    SAMPLE_NAME = 32,    // in bytes, with the NUL
    HISTORY_SAMPLES = 64 // ten per second, and some more
};

// Counts of what took at most `bound` seconds; the last bound is INFINITY.
struct buckets {
    int count;
    double bound[SAMPLE_BUCKETS], total[SAMPLE_BUCKETS];
};

// A number is negative if the server has no such metric.
struct sample {
    int64_t at; // in nanoseconds
    char stage[SAMPLE_NAME];
    double open_connections, accepted, rejected, done;
    double mutex_waiting, channel_jobs, channel_capacity, workers, busy;
    struct buckets request, event;
};

// Reads Prometheus' text format 0.0.4. False: it has no metric of the above.
bool sample_parse(struct sample *sample, struct slice text);

// All zero: empty.
struct history {
    int64_t count; // of samples ever added
    struct sample samples[HISTORY_SAMPLES];
};

// Adds the newest. Counters that became smaller are those of a new server, so
// the older samples are discarded.
void history_add(struct history *history, const struct sample *sample);

const struct sample *history_newest(const struct history *history);

// Per second, and in seconds; negative: not known. INFINITY: the last bucket,
// and then it took longer than `..._longest`.
struct rates {
    double accepted, rejected, done;
    double request_p99, request_longest;
    double event_p99, event_longest;
};
struct rates history_rates(const struct history *history);

#endif
