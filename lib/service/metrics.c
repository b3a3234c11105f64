#include "lib/service/metrics.h"

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
static int64_t (*sources[METRIC_COUNT])(void); // NULL: it is in `values`
static struct number requests[STATUS_MAX];     // in the order of http_statuses
static atomic_bool has_work;

static const struct {
    const char *name;
    const char *type;
    const char *help;
} rows[METRIC_COUNT] = {
    [METRIC_CONNECTIONS] = {"connections_total", "counter",
                            "Connections accepted."},
    [METRIC_OPEN_CONNECTIONS] = {"open_connections", "gauge",
                                 "Connections open now."},
    [METRIC_RECEIVED_BYTES] = {"received_bytes_total", "counter",
                               "Bytes received from clients."},
    [METRIC_SENT_BYTES] = {"sent_bytes_total", "counter",
                           "Bytes sent to clients."},
    [METRIC_EVENTS_ACCEPTED] = {"events_accepted_total", "counter",
                                "Valid events that the server accepted."},
    [METRIC_EVENTS_REJECTED] = {"events_rejected_total", "counter",
                                "Valid events rejected: the server was busy."},
    [METRIC_EVENTS_INVALID] = {"events_invalid_total", "counter",
                               "Bodies that are not an event."},
    [METRIC_EVENTS_DONE] = {"events_done_total", "counter",
                            "Accepted events that changed a balance."},
    [METRIC_EVENTS_FAILED] = {"events_failed_total", "counter",
                              "Accepted events that could not change one."},
    [METRIC_WORK_NANOSECONDS] = {"work_seconds_total", "counter",
                                 "Time spent on the work of events."},
    [METRIC_CHANNEL_JOBS] = {"channel_jobs", "gauge",
                             "Jobs waiting in the channel."},
    [METRIC_CHANNEL_CAPACITY] = {"channel_capacity_jobs", "gauge",
                                 "Jobs that may wait in the channel."},
    [METRIC_WORKERS] = {"workers", "gauge", "Threads that work on jobs."},
    [METRIC_BUSY_WORKERS] = {"busy_workers", "gauge",
                             "Workers that work on a job now."},
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

void metrics_set_source(enum metric metric, int64_t (*read)(void))
{
    sources[metric] = read;
}

int64_t metrics_get(enum metric metric)
{
    if (sources[metric] != NULL)
        return sources[metric]();
    return atomic_load_explicit(&values[metric].value, memory_order_relaxed);
}

void metrics_count_request(enum http_status status)
{
    assert(http_status_count <= STATUS_MAX);
    atomic_fetch_add_explicit(&requests[http_status_index(status)].value, 1,
                              memory_order_relaxed);
}

void metrics_count_done(bool balance_changed)
{
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

static void write_help(struct buffer *out, const char *name, const char *type,
                       const char *help)
{
    buffer_add_format(out, "# HELP thaw_%s %s\n# TYPE thaw_%s %s\n", name, help,
                      name, type);
}

static void write_requests(struct buffer *out)
{
    write_help(out, "requests_total", "counter",
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
    write_help(out, name, rows[metric].type, rows[metric].help);
    if (metric == METRIC_WORK_NANOSECONDS)
        buffer_add_format(out, "thaw_%s %.6f\n", name,
                          (double)metrics_get(metric) / 1e9);
    else
        buffer_add_format(out, "thaw_%s %" PRId64 "\n", name,
                          metrics_get(metric));
}

static bool is_shown(enum metric metric)
{
    if (metric == METRIC_CHANNEL_JOBS || metric == METRIC_CHANNEL_CAPACITY)
        return metrics_get(METRIC_CHANNEL_CAPACITY) > 0;
    if (metric == METRIC_WORKERS || metric == METRIC_BUSY_WORKERS)
        return metrics_get(METRIC_WORKERS) > 0;
    return true;
}

void metrics_write(struct buffer *out)
{
    write_requests(out);
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
        if (is_shown(metric))
            write_value(out, metric);
}
