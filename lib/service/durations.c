#include "lib/service/durations.h"
#include "lib/base/clock.h"
#include "lib/service/exposition.h"
#include "lib/service/metrics.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>

enum { CACHE_LINE = 64 }; // in bytes, on most machines

#define MICROSECONDS INT64_C(1000)
#define SECONDS INT64_C(1000000000)

// The upper bounds of the buckets, in nanoseconds; a last bucket has none. From
// 0.1 s on they are close: there, events wait for each other.
static const int64_t bounds[] = {
    100 * MICROSECONDS,    200 * MICROSECONDS,    500 * MICROSECONDS,
    1000 * MICROSECONDS,   2000 * MICROSECONDS,   5000 * MICROSECONDS,
    10000 * MICROSECONDS,  20000 * MICROSECONDS,  50000 * MICROSECONDS,
    100000 * MICROSECONDS, 150000 * MICROSECONDS, 200000 * MICROSECONDS,
    300000 * MICROSECONDS, 500000 * MICROSECONDS, 700000 * MICROSECONDS,
    1 * SECONDS,           3 * SECONDS / 2,       2 * SECONDS,
    3 * SECONDS,           5 * SECONDS,           7 * SECONDS,
    10 * SECONDS,          15 * SECONDS,          20 * SECONDS,
    30 * SECONDS,          40 * SECONDS,          50 * SECONDS,
    60 * SECONDS,
};

enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

struct histogram {
    alignas(CACHE_LINE) _Atomic int64_t counts[BOUNDS + 1]; // not cumulative
    _Atomic int64_t sum;                                    // in nanoseconds
};

static struct histogram histograms[DURATION_COUNT];

static const struct {
    const char *name;
    const char *help;
} rows[DURATION_COUNT] = {
    [DURATION_REQUEST] = {"thaw_request_duration_seconds",
                          "From a request until its response is made."},
    [DURATION_EVENT_WAIT] = {"thaw_event_wait_seconds",
                             "From an event's request until its work starts."},
    [DURATION_EVENT_TOTAL] = {"thaw_event_total_seconds",
                              "From an event's request until it is done."},
};

// Where one thread alone counts, that needs no locked instruction, which would
// take longer than all else here.
static void grow(_Atomic int64_t *number, int64_t amount, bool is_alone)
{
    if (is_alone)
        atomic_store_explicit(
            number, atomic_load_explicit(number, memory_order_relaxed) + amount,
            memory_order_relaxed);
    else
        atomic_fetch_add_explicit(number, amount, memory_order_relaxed);
}

void durations_add(enum duration duration, int64_t nanoseconds)
{
    struct histogram *histogram = &histograms[duration];
    bool is_alone = duration == DURATION_REQUEST;
    int i = 0;
    if (nanoseconds < 0)
        nanoseconds = 0;
    while (i < BOUNDS && nanoseconds > bounds[i])
        i++;
    grow(&histogram->counts[i], 1, is_alone);
    grow(&histogram->sum, nanoseconds, is_alone);
}

void durations_end(enum duration duration, int64_t since)
{
    if (since != 0)
        durations_add(duration, clock_nanoseconds() - since);
}

// A bucket of Prometheus counts all that is not above its bound.
static void write_histogram(struct buffer *out, enum duration duration)
{
    const char *name = rows[duration].name;
    const struct histogram *histogram = &histograms[duration];
    int64_t count = 0;
    exposition_begin(out, name, "histogram", rows[duration].help);
    for (int i = 0; i <= BOUNDS; i++) {
        count +=
            atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        if (i < BOUNDS)
            buffer_add_format(out, "%s_bucket{le=\"%g\"} %" PRId64 "\n", name,
                              (double)bounds[i] / 1e9, count);
    }
    int64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    buffer_add_format(out,
                      "%s_bucket{le=\"+Inf\"} %" PRId64 "\n"
                      "%s_sum %.9f\n%s_count %" PRId64 "\n",
                      name, count, name, (double)sum / 1e9, name, count);
}

void durations_write(struct buffer *out)
{
    write_histogram(out, DURATION_REQUEST);
    if (!metrics_have_work())
        return;
    write_histogram(out, DURATION_EVENT_WAIT);
    write_histogram(out, DURATION_EVENT_TOTAL);
}
