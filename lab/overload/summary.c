#include "lab/overload/summary.h"
#include "lab/overload/arithmetic.h"

#include <math.h>
#include <stdlib.h>

double overload_difference(const struct overload_row *row)
{
    return row->arithmetic > 0 ? fabs(row->done_mean / row->arithmetic - 1) : 0;
}

bool summary_is_accepted(const struct summary_event *event)
{
    return event->status == 200 || event->status == 202;
}

static int by_value(const void *left, const void *right)
{
    const double *one = left;
    const double *two = right;
    return (*one > *two) - (*one < *two);
}

double summary_quantile(double *values, int count, double part)
{
    if (count == 0)
        return 0;
    qsort(values, (size_t)count, sizeof *values, by_value);
    int rank = (int)ceil(part * count);
    return values[rank > 0 ? rank - 1 : 0];
}

static double mean(const double *values, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return count > 0 ? sum / count : 0;
}

static void count(const struct summary_event *events, int event_count,
                  struct overload_row *row)
{
    row->sent = event_count;
    for (int i = 0; i < event_count; i++) {
        const struct summary_event *event = &events[i];
        row->accepted += summary_is_accepted(event);
        row->rejected += event->status == 503;
        row->late = fmax(row->late, event->sent - event->due);
    }
    row->others = row->sent - row->accepted - row->rejected;
}

static double since_due(const struct summary_event *event, double moment)
{
    return moment >= 0 ? moment - event->due : (double)INFINITY;
}

static void fill_times(const struct summary_event *events, int event_count,
                       struct overload_row *row, double *values)
{
    int found = 0;
    for (int i = 0; i < event_count; i++)
        values[found++] = since_due(&events[i], events[i].responded);
    row->response_p50 = summary_quantile(values, found, 0.5);
    row->response_p99 = summary_quantile(values, found, 0.99);
    found = 0;
    for (int i = 0; i < event_count; i++)
        if (summary_is_accepted(&events[i]))
            values[found++] = since_due(&events[i], events[i].done);
    row->done_p50 = summary_quantile(values, found, 0.5);
    row->done_p99 = summary_quantile(values, found, 0.99);
    row->done_mean = mean(values, found);
}

// What must come out for the moments at which the events were sent. If the lab
// sends one late, that is no fault of the server.
static void fill_arithmetic(const struct overload_plan *plan,
                            const struct summary_event *events, int event_count,
                            struct overload_row *row, double *values)
{
    const struct arithmetic arithmetic = {plan->workers, plan->capacity,
                                          row->work};
    double *done = values + event_count;
    int found = 0;
    for (int i = 0; i < event_count; i++)
        values[i] = events[i].sent;
    arithmetic_done(&arithmetic, values, event_count, done);
    for (int i = 0; i < event_count; i++)
        if (done[i] >= 0)
            values[found++] = done[i] - events[i].due;
    row->arithmetic = mean(values, found);
}

// Little's law: the mean number of those that wait is their rate, multiplied by
// their mean wait. It holds exactly from one moment at which none waits to
// another, so here the time until the last is done counts.
static void fill_little(const struct summary_event *events, int event_count,
                        struct overload_row *row)
{
    double waits = 0;
    double end = 0;
    for (int i = 0; i < event_count; i++) {
        const struct summary_event *event = &events[i];
        end = fmax(end, fmax(event->sent, event->done));
        if (summary_is_accepted(event) && event->done >= 0)
            waits += event->done - event->sent - row->work;
    }
    row->little = end > 0 ? waits / end : 0;
}

bool summary_fill(const struct overload_plan *plan,
                  const struct summary_event *events, int event_count,
                  struct overload_row *row)
{
    double *values = calloc(2 * (size_t)event_count + 1, sizeof *values);
    if (values == NULL)
        return false;
    count(events, event_count, row);
    fill_times(events, event_count, row, values);
    fill_arithmetic(plan, events, event_count, row, values);
    fill_little(events, event_count, row);
    free(values);
    return true;
}
