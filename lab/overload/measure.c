// One server at one load.

#include "lab/overload/overload.h"
#include "lab/overload/sending.h"
#include "lab/overload/summary.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { LATE_S = 20 };        // for what must come, on a busy machine
enum { EVENTS_MAX = 50000 }; // of a row

// How many clients, and at stage 4 threads, wait at the same time: those of the
// overload, and some that come close together.
static int crowd_of(const struct overload_plan *plan, double load, int events)
{
    enum { OTHERS = 64 };
    bool is_unbounded = plan->capacity == 0 && load > 1;
    double left = is_unbounded ? events * (1 - 1 / load) : 0;
    return (int)(left + 4 * sqrt(events)) + OTHERS;
}

static bool is_allowed(const struct overload_plan *plan, double load,
                       int events)
{
    int crowd = crowd_of(plan, load, events);
    if (events > EVENTS_MAX)
        trouble_note("%d events in a row are too many: --seconds", events);
    if (events < 1)
        trouble_note("no event comes in %.0f s at %.2f of the capacity: "
                     "--seconds",
                     plan->seconds, load);
    bool has_thread_each = plan->capacity == 0;
    return trouble() == NULL && limits_allow_clients(crowd) &&
           limits_allow_threads(has_thread_each ? crowd : plan->workers,
                                has_thread_each ? LIMITS_STACK : 0);
}

__attribute__((format(printf, 2, 3))) static void
fault(struct overload_row *row, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(row->fault, sizeof row->fault, format, values);
    va_end(values);
}

static void take(const struct overload_plan *plan,
                 const struct sending *sending, struct overload_row *row)
{
    if (sending->work > 0)
        row->work = sending->work;
    if (sending->samples > 0) {
        row->waiting_mean = sending->waiting_sum / sending->samples;
        row->waiting_max = sending->waiting_max;
    }
    if (sending->accepted > 0 && sending->done == 0)
        fault(row, "it printed no line like \"worker 1: load +2 = 3\", which "
                   "says that an event is done");
    else if (sending->sent < sending->event_count)
        fault(row, "it ended before all events were sent");
    else if (sending->accepted == 0)
        fault(row, "it accepted none of %d events: expected 200 or 202",
              sending->event_count);
    else if (!summary_fill(plan, sending->events, sending->event_count, row))
        trouble_note("the lab has no memory for the summary");
}

void overload_measure(const struct overload_plan *plan, double load,
                      struct overload_row *row)
{
    const struct settings settings = {.work_ms = plan->work_ms,
                                      .capacity = plan->capacity,
                                      .workers = plan->workers};
    static struct server server;
    struct command command = plan->command;
    double work = plan->work_ms / 1e3;
    int events = (int)lround(load * plan->seconds * plan->workers / work);
    double limit = plan->seconds + events * work / plan->workers + LATE_S;
    *row = (struct overload_row){
        .load = load, .work = work, .waiting_mean = -1, .waiting_max = -1};
    command.on_line = sending_on_line;
    if (is_allowed(plan, load, events) && sending_init(plan, events, limit)) {
        const struct sending *sending = NULL;
        if (server_start(&server, &command, &settings) == 0)
            sending = sending_run(&server);
        else
            fault(row, "it did not start: %.200s", server.fault);
        server_stop(&server); // no line comes after this
        if (sending != NULL)
            take(plan, sending, row);
    }
    row->is_ours = trouble() != NULL;
    if (row->is_ours)
        fault(row, "%s", trouble());
}
