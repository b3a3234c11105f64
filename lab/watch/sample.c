#include "lab/watch/sample.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define AT(field) offsetof(struct sample, field)

static const struct {
    const char *name;
    size_t at; // of a number in a sample
} numbers[] = {
    {"thaw_open_connections", AT(open_connections)},
    {"thaw_events_accepted_total", AT(accepted)},
    {"thaw_events_rejected_total", AT(rejected)},
    {"thaw_events_done_total", AT(done)},
    {"thaw_mutex_waiting_threads", AT(mutex_waiting)},
    {"thaw_channel_jobs", AT(channel_jobs)},
    {"thaw_channel_capacity_jobs", AT(channel_capacity)},
    {"thaw_workers", AT(workers)},
    {"thaw_busy_workers", AT(busy)},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

// What other servers send may be NaN, or more than an int64_t has.
#define NUMBER_MAX 1e15

static double *number_in(struct sample *sample, int row)
{
    return (double *)((char *)sample + numbers[row].at);
}

// A line of the format: name{label="...",...} value.
struct metric_line {
    struct slice name, labels, value;
};

static size_t length_until(struct slice text, const char *ends)
{
    size_t length = 0;
    while (length < text.length && strchr(ends, text.bytes[length]) == NULL)
        length++;
    return length;
}

static struct metric_line split(struct slice text)
{
    struct metric_line line = {0};
    line.name = (struct slice){text.bytes, length_until(text, "{ ")};
    text = slice_after(text, line.name.length);
    if (text.length > 0 && text.bytes[0] == '{') {
        line.labels = (struct slice){text.bytes, length_until(text, "}")};
        text = slice_after(text, line.labels.length);
    }
    size_t gap = length_until(text, " ");
    if (gap < text.length)
        line.value = slice_after(text, gap + 1);
    return line;
}

// The value of le="..." or stage="...", without the quotes.
static struct slice label(struct slice labels, const char *name)
{
    char start[32];
    int length = snprintf(start, sizeof start, "%s=\"", name);
    for (; labels.length > 0; labels = slice_after(labels, 1))
        if (slice_starts_with(labels, start)) {
            labels = slice_after(labels, (size_t)length);
            return (struct slice){labels.bytes, length_until(labels, "\"")};
        }
    return (struct slice){0};
}

static double to_number(struct slice text)
{
    char digits[40]; // no number is longer
    snprintf(digits, sizeof digits, "%.*s", (int)text.length, text.bytes);
    return text.length > 0 ? strtod(digits, NULL) : -1;
}

static void add_bucket(struct buckets *buckets, const struct metric_line *line)
{
    struct slice bound = label(line->labels, "le");
    if (bound.length == 0 || buckets->count == SAMPLE_BUCKETS)
        return;
    buckets->bound[buckets->count] = to_number(bound); // "+Inf" is INFINITY
    buckets->total[buckets->count] = to_number(line->value);
    buckets->count++;
}

static bool take(struct sample *sample, const struct metric_line *line)
{
    struct slice name = line->name;
    if (slice_is(name, "thaw_request_duration_seconds_bucket"))
        add_bucket(&sample->request, line);
    else if (slice_is(name, "thaw_event_total_seconds_bucket"))
        add_bucket(&sample->event, line);
    else if (slice_is(name, "thaw_build_info")) {
        struct slice stage = label(line->labels, "stage");
        snprintf(sample->stage, sizeof sample->stage, "%.*s", (int)stage.length,
                 stage.bytes);
    }
    for (int i = 0; i < NUMBERS; i++)
        if (slice_is(name, numbers[i].name)) {
            double value = to_number(line->value);
            *number_in(sample, i) = value < NUMBER_MAX ? value : -1; // or NaN
            return true;
        }
    return false;
}

bool sample_parse(struct sample *sample, struct slice text)
{
    bool is_found = false;
    *sample = (struct sample){0};
    for (int i = 0; i < NUMBERS; i++)
        *number_in(sample, i) = -1;
    while (text.length > 0) {
        struct slice line = {text.bytes, length_until(text, "\n")};
        if (line.length == text.length)
            break; // a line without its end
        text = slice_after(text, line.length + 1);
        if (slice_starts_with(line, "thaw_")) {
            struct metric_line parts = split(line);
            is_found = take(sample, &parts) || is_found;
        }
    }
    return is_found;
}

const struct sample *history_newest(const struct history *history)
{
    if (history->count == 0)
        return NULL;
    return &history->samples[(history->count - 1) % HISTORY_SAMPLES];
}

void history_add(struct history *history, const struct sample *sample)
{
    const struct sample *newest = history_newest(history);
    if (newest != NULL &&
        (sample->accepted < newest->accepted ||
         sample->rejected < newest->rejected || sample->done < newest->done))
        history->count = 0;
    history->samples[history->count % HISTORY_SAMPLES] = *sample;
    history->count++;
}

// The last sample that is five seconds old or older; the first, if none is.
static const struct sample *older(const struct history *history)
{
    static const int64_t window = 4950000000; // frames are not quite punctual
    const struct sample *newest = history_newest(history);
    int64_t first = history->count - HISTORY_SAMPLES;
    if (first < 0)
        first = 0;
    const struct sample *found = &history->samples[first % HISTORY_SAMPLES];
    for (int64_t i = first; i < history->count; i++) {
        const struct sample *sample = &history->samples[i % HISTORY_SAMPLES];
        if (newest->at - sample->at < window)
            break;
        found = sample;
    }
    return found;
}

// What came between the two samples. The watch's own requests, one for each
// sample, are taken for the fastest ones and left out.
static struct buckets between(const struct buckets *from,
                              const struct buckets *to, double own)
{
    struct buckets found = *to;
    for (int i = 0; i < found.count; i++) {
        if (i < from->count)
            found.total[i] -= from->total[i];
        found.total[i] = found.total[i] > own ? found.total[i] - own : 0;
    }
    return found;
}

// Within a bucket the times are taken to be evenly spread, as
// histogram_quantile of Prometheus has it.
static double percentile_99(const struct buckets *buckets)
{
    double all = buckets->count > 0 ? buckets->total[buckets->count - 1] : 0;
    double below = 0;
    double start = 0;
    if (all <= 0)
        return -1;
    for (int i = 0; i < buckets->count; i++) {
        double inside = buckets->total[i] - below;
        if (buckets->total[i] >= 0.99 * all && inside > 0)
            return isinf(buckets->bound[i])
                       ? buckets->bound[i]
                       : start + (buckets->bound[i] - start) *
                                     (0.99 * all - below) / inside;
        below = buckets->total[i];
        start = buckets->bound[i];
    }
    return -1;
}

// The last bound that is a number.
static double longest(const struct buckets *buckets)
{
    return buckets->count > 1 ? buckets->bound[buckets->count - 2] : 0;
}

static double per_second(double from, double to, double seconds)
{
    return from >= 0 && to >= 0 && seconds > 0 ? (to - from) / seconds : -1;
}

// Samples between the two, of which the first is not counted.
static double samples_since(const struct history *history,
                            const struct sample *from)
{
    double count = 0;
    for (int64_t i = history->count - 1; i >= 0; i--) {
        if (&history->samples[i % HISTORY_SAMPLES] == from)
            break;
        count++;
    }
    return count;
}

struct rates history_rates(const struct history *history)
{
    struct rates none = {-1, -1, -1, -1, -1, -1, -1};
    const struct sample *to = history_newest(history);
    if (to == NULL)
        return none;
    const struct sample *from = older(history);
    double seconds = (double)(to->at - from->at) / 1e9;
    struct buckets request =
        between(&from->request, &to->request, samples_since(history, from));
    struct buckets event = between(&from->event, &to->event, 0);
    return (struct rates){
        .accepted = per_second(from->accepted, to->accepted, seconds),
        .rejected = per_second(from->rejected, to->rejected, seconds),
        .done = per_second(from->done, to->done, seconds),
        .request_p99 = percentile_99(&request),
        .request_longest = longest(&request),
        .event_p99 = percentile_99(&event),
        .event_longest = longest(&event),
    };
}
