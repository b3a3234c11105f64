#ifndef THAW_LIB_SERVICE_METRICS_H
#define THAW_LIB_SERVICE_METRICS_H

// metrics.h - what the server counts, for GET /metrics and for the tally
//
// One set for the process, of atomic numbers: any thread may call any function.
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
    METRIC_EVENTS_ACCEPTED,  // counter: valid, and accepted
    METRIC_EVENTS_REJECTED,  // counter: valid, but the server was busy
    METRIC_EVENTS_INVALID,   // counter: bodies that are not an event
    METRIC_EVENTS_DONE,      // counter: accepted, and a balance has changed
    METRIC_EVENTS_FAILED,    // counter: accepted, but it could not change
    METRIC_WORK_NANOSECONDS, // counter
    METRIC_CHANNEL_JOBS,     // gauge: jobs that wait in the channel
    METRIC_CHANNEL_CAPACITY, // gauge, in jobs; 0: the server has no channel
    METRIC_WORKERS,          // gauge; 0: the server has no workers
    METRIC_BUSY_WORKERS,     // gauge
    METRIC_MUTEX_WAITING_THREADS, // gauge: stage 4 alone
    METRIC_COUNT
};

// Whether a signal handler may read a metric but METRIC_CHANNEL_JOBS
// (C11, 7.14.1.1). On 32-bit MIPS and PowerPC and on old ARM it may not: there,
// libatomic guards a 64-bit number with a lock, which the interrupted thread
// may hold.
enum { METRICS_ARE_LOCK_FREE = ATOMIC_LLONG_LOCK_FREE == 2 };

void metrics_add(enum metric metric, int64_t amount);
void metrics_set(enum metric metric, int64_t value);
int64_t metrics_get(enum metric metric);

// The server has a channel of so many slots. From now on metrics_get and
// metrics_write call `length` for METRIC_CHANNEL_JOBS, on their own thread.
// Call this before there are threads.
void metrics_set_channel(int64_t capacity, int64_t (*length)(void));

// Counts a request by the status of its response.
void metrics_count_request(enum http_status status);

// Counts an accepted event whose work is done: as done, or as failed. `since`
// is when it arrived (durations.h).
void metrics_count_done(bool balance_changed, int64_t since);

// The server works on accepted events. Call this before there are threads.
void metrics_set_work(void);
bool metrics_have_work(void);

// How many events are accepted, and neither done nor failed; 0 for a server
// that does not work on them. A signal handler may call it.
int64_t metrics_unfinished(void);

// The number of requests, with any status.
int64_t metrics_requests(void);

// Appends them in Prometheus' text format; those of a channel, of workers or
// of a thread for each event only if the server has them.
void metrics_write(struct buffer *out);

#endif
