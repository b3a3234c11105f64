#include "lib/service/metrics.h"
#include "lib/service/durations.h"
#include "lib/service/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>

enum { STATUS_MAX = 32 }; // at least http_status_count
enum { CACHE_LINE = 64 }; // in bytes, on most machines

// Each has a cache line of its own. If the loop and a worker counted in the
// same line, their processors would take it from each other.
struct number {
    alignas(CACHE_LINE) _Atomic int64_t value;
};

// METRICS_ARE_LOCK_FREE is about long long.
static_assert(sizeof(int64_t) == sizeof(long long), "int64_t has that size");

static struct number values[METRIC_COUNT];
static int64_t (*channel_length)(void);    // NULL: there is no channel
static struct number requests[STATUS_MAX]; // in the order of http_statuses
static atomic_bool has_work;

static const struct {
    const char *name;
    const char *type;
    const char *help;
} rows[METRIC_COUNT] = {
    [METRIC_CONNECTIONS] = {"thaw_connections_total", "counter",
                            "Connections accepted."},
    [METRIC_OPEN_CONNECTIONS] = {"thaw_open_connections", "gauge",
                                 "Connections open now."},
    [METRIC_RECEIVED_BYTES] = {"thaw_received_bytes_total", "counter",
                               "Bytes received from clients."},
    [METRIC_SENT_BYTES] = {"thaw_sent_bytes_total", "counter",
                           "Bytes sent to clients."},
    [METRIC_EVENTS_ACCEPTED] = {"thaw_events_accepted_total", "counter",
                                "Valid events that the server accepted."},
    [METRIC_EVENTS_REJECTED] = {"thaw_events_rejected_total", "counter",
                                "Valid events rejected: the server was busy."},
    [METRIC_EVENTS_INVALID] = {"thaw_events_invalid_total", "counter",
                               "Bodies that are not an event."},
    [METRIC_EVENTS_DONE] = {"thaw_events_done_total", "counter",
                            "Accepted events that changed a balance."},
    [METRIC_EVENTS_FAILED] = {"thaw_events_failed_total", "counter",
                              "Accepted events that could not change one."},
    [METRIC_WORK_NANOSECONDS] = {"thaw_work_seconds_total", "counter",
                                 "Time spent on the work of events."},
    [METRIC_CHANNEL_JOBS] = {"thaw_channel_jobs", "gauge",
                             "Jobs waiting in the channel."},
    [METRIC_CHANNEL_CAPACITY] = {"thaw_channel_capacity_jobs", "gauge",
                                 "Jobs that may wait in the channel."},
    [METRIC_WORKERS] = {"thaw_workers", "gauge", "Threads that work on jobs."},
    [METRIC_BUSY_WORKERS] = {"thaw_busy_workers", "gauge",
                             "Workers that work on a job now."},
    [METRIC_MUTEX_WAITING_THREADS] = {"thaw_mutex_waiting_threads", "gauge",
                                      "Threads that wait for the mutex now."},
};

void metrics_add(enum metric metric, int64_t amount)
{
    atomic_fetch_add_explicit(&values[metric].value, amount,
                              memory_order_relaxed);
}

void metrics_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&values[metric].value, value, memory_order_relaxed);
}

void metrics_set_channel(int64_t capacity, int64_t (*length)(void))
{
    metrics_set(METRIC_CHANNEL_CAPACITY, capacity);
    channel_length = length;
}

int64_t metrics_get(enum metric metric)
{
    if (metric == METRIC_CHANNEL_JOBS)
        return channel_length != NULL ? channel_length() : 0;
    return atomic_load_explicit(&values[metric].value, memory_order_relaxed);
}

void metrics_count_request(enum http_status status)
{
    assert(http_status_count <= STATUS_MAX);
    atomic_fetch_add_explicit(&requests[http_status_index(status)].value, 1,
                              memory_order_relaxed);
}

void metrics_count_done(bool balance_changed, int64_t since)
{
    durations_end(DURATION_EVENT_TOTAL, since);
    metrics_add(balance_changed ? METRIC_EVENTS_DONE : METRIC_EVENTS_FAILED, 1);
}

void metrics_set_work(void)
{
    has_work = true;
}

bool metrics_have_work(void)
{
    return has_work;
}

// A worker can count an event as done before the loop counts it as accepted.
int64_t metrics_unfinished(void)
{
    int64_t finished =
        metrics_get(METRIC_EVENTS_DONE) + metrics_get(METRIC_EVENTS_FAILED);
    int64_t unfinished = metrics_get(METRIC_EVENTS_ACCEPTED) - finished;
    return has_work && unfinished > 0 ? unfinished : 0;
}

int64_t metrics_requests(void)
{
    int64_t sum = 0;
    for (size_t i = 0; i < http_status_count; i++)
        sum += atomic_load_explicit(&requests[i].value, memory_order_relaxed);
    return sum;
}

static void write_requests(struct buffer *out)
{
    exposition_begin(out, "thaw_requests_total", "counter",
                     "Requests, by the status of the response.");
    for (size_t i = 0; i < http_status_count; i++) {
        int64_t count =
            atomic_load_explicit(&requests[i].value, memory_order_relaxed);
        buffer_add_format(out, "thaw_requests_total{code=\"%d\"} %" PRId64 "\n",
                          (int)http_statuses[i].status, count);
    }
}

static void write_value(struct buffer *out, enum metric metric)
{
    const char *name = rows[metric].name;
    const char *type = rows[metric].type;
    const char *help = rows[metric].help;
    int64_t value = metrics_get(metric);
    if (metric == METRIC_WORK_NANOSECONDS)
        exposition_seconds(out, name, type, help, (double)value / 1e9);
    else
        exposition_count(out, name, type, help, value);
}

static bool is_shown(enum metric metric)
{
    if (metric == METRIC_CHANNEL_JOBS || metric == METRIC_CHANNEL_CAPACITY)
        return metrics_get(METRIC_CHANNEL_CAPACITY) > 0;
    if (metric == METRIC_WORKERS || metric == METRIC_BUSY_WORKERS)
        return metrics_get(METRIC_WORKERS) > 0;
    if (metric == METRIC_MUTEX_WAITING_THREADS)
        return has_work && metrics_get(METRIC_WORKERS) == 0;
    return true;
}

void metrics_write(struct buffer *out)
{
    write_requests(out);
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
        if (is_shown(metric))
            write_value(out, metric);
}
