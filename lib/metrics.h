#ifndef THAW_LIB_METRICS_H
#define THAW_LIB_METRICS_H

// metrics.h - what the server counts, for GET /metrics and the last line
//
// One set for the process, of atomic numbers: any thread may call anything.
// Counters only grow; gauges go up and down (prometheus.io, "Metric types").

#include "lib/buffer.h"
#include "lib/http_status.h"

#include <stdint.h>

enum metric {
    METRIC_CONNECTIONS,      // counter
    METRIC_CONNECTIONS_OPEN, // gauge
    METRIC_RECEIVED_BYTES,   // counter
    METRIC_SENT_BYTES,       // counter
    METRIC_EVENTS_ACCEPTED,  // counter: valid, and taken on
    METRIC_EVENTS_REJECTED,  // counter: valid, but the server was busy
    METRIC_EVENTS_INVALID,   // counter: no event at all
    METRIC_EVENTS_DONE,      // counter: accepted, and their work is over
    METRIC_EVENTS_FAILED,    // counter: done, but the balance did not change
    METRIC_WORK_NANOSECONDS, // counter
    METRIC_CHANNEL_LENGTH,   // gauge
    METRIC_CHANNEL_CAPACITY, // gauge; 0: there is no channel
    METRIC_WORKERS,          // gauge; 0: there are no workers
    METRIC_WORKERS_BUSY,     // gauge
    METRIC_COUNT
};

void metrics_add(enum metric metric, int64_t amount);
void metrics_set(enum metric metric, int64_t value);
int64_t metrics_get(enum metric metric);

// Counts a request by the status of its answer.
void metrics_count_request(enum http_status status);

// Counts an event whose work is over.
void metrics_count_done(bool balance_changed);

// How many requests were answered, with any status.
int64_t metrics_requests(void);

// Appends all metrics in Prometheus' text format 0.0.4. Without a channel or
// workers, theirs are left out.
void metrics_write(struct buffer *out);

#endif
