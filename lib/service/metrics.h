#ifndef THAW_LIB_SERVICE_METRICS_H
#define THAW_LIB_SERVICE_METRICS_H

// metrics.h - what the server counts, for GET /metrics and the last line
//
// One set for the process, of atomic numbers: any thread may call anything.
// Counters only grow; gauges go up and down (prometheus.io, "Metric types").

#include "lib/base/buffer.h"
#include "lib/http/http_status.h"

#include <stdatomic.h>
#include <stdint.h>

enum metric {
    METRIC_CONNECTIONS,      // counter
    METRIC_OPEN_CONNECTIONS, // gauge
    METRIC_RECEIVED_BYTES,   // counter
    METRIC_SENT_BYTES,       // counter
    METRIC_EVENTS_ACCEPTED,  // counter: valid, and taken on
    METRIC_EVENTS_REJECTED,  // counter: valid, but the server was busy
    METRIC_EVENTS_INVALID,   // counter: no event at all
    METRIC_EVENTS_DONE,      // counter: accepted, and their work is over
    METRIC_EVENTS_FAILED,    // counter: done, but the balance did not change
    METRIC_WORK_NANOSECONDS, // counter
    METRIC_CHANNEL_JOBS,     // gauge: jobs that wait in the channel
    METRIC_CHANNEL_CAPACITY, // gauge, in jobs; 0: there is no channel
    METRIC_WORKERS,          // gauge; 0: there are no workers
    METRIC_BUSY_WORKERS,     // gauge
    METRIC_COUNT
};

// Where a 64-bit atomic number needs a lock, a signal handler must not read
// one: it might interrupt the holder of that lock (C11, 7.14.1.1). So it is on
// 32-bit MIPS and PowerPC, and on old ARM.
enum { METRICS_ARE_LOCK_FREE = ATOMIC_LLONG_LOCK_FREE == 2 };

void metrics_add(enum metric metric, int64_t amount);
void metrics_set(enum metric metric, int64_t value);
int64_t metrics_get(enum metric metric);

// For a gauge that something else keeps already: it is read whenever the metric
// is asked for, on any thread. Call this before there are threads.
void metrics_set_source(enum metric metric, int64_t (*read)(void));

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
