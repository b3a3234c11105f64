#include "lab/overload/overload.h"
#include "lab/screen.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = 16 };

// Milliseconds, or a number of events.
static void print_cell(int width, double value)
{
    char text[CELL];
    if (value < 0)
        snprintf(text, CELL, "?");
    else if (isinf(value))
        snprintf(text, CELL, "never");
    else if (value >= 99999.5)
        snprintf(text, CELL, "%.0fs", value / 1e3);
    else
        snprintf(text, CELL, value < 99.95 ? "%.1f" : "%.0f", value);
    printf("%*s", width, text);
}

// The capacity in a second, 12.5 for example.
static double per_second(const struct overload_plan *plan)
{
    return plan->workers * 1e3 / plan->work_ms;
}

static void print_heading(const struct overload_result *result)
{
    const struct overload_plan *plan = &result->plan;
    bool is_long = strlen(result->name) > strlen("stage1_blocking");
    printf("%s%.78s%s:%s%d worker%s, %d ms of work: %.4g events per second",
           screen_bold(), result->name, screen_plain(), is_long ? "\n" : " ",
           plan->workers, plan->workers > 1 ? "s" : "", plan->work_ms,
           per_second(plan));
    if (plan->capacity > 0)
        printf("; %d may wait", plan->capacity);
    printf("\n\n"
           "load       events        response, ms            "
           "until done, ms         waiting\n"
           "      sent    in   503    p50    p99    p50    p99   mean   calc"
           "   avg  calc max\n");
}

static void print_row(const struct overload_row *row)
{
    printf("%4.2f %5d %5d %5d", row->load, row->sent, row->accepted,
           row->rejected);
    print_cell(7, row->response_p50 * 1e3);
    print_cell(7, row->response_p99 * 1e3);
    print_cell(7, row->done_p50 * 1e3);
    print_cell(7, row->done_p99 * 1e3);
    print_cell(7, row->done_mean * 1e3);
    print_cell(7, row->arithmetic * 1e3);
    print_cell(6, row->waiting_mean);
    print_cell(6, row->little);
    if (row->waiting_max < 0)
        printf("   ?\n");
    else
        printf("%4.0f\n", row->waiting_max);
}

void overload_print(const struct overload_result *result)
{
    print_heading(result);
    for (int i = 0; i < result->count; i++)
        print_row(&result->rows[i]);
    printf("\n");
}

static void print_largest_difference(const struct overload_result *results,
                                     int count)
{
    const struct overload_result *result = &results[0];
    const struct overload_row *row = &result->rows[0];
    for (int i = 0; i < count; i++)
        for (int j = 0; j < results[i].count; j++)
            if (overload_difference(&results[i].rows[j]) >=
                overload_difference(row)) {
                result = &results[i];
                row = &results[i].rows[j];
            }
    printf("Measured and calculated time until done differ by %.1f %% at "
           "most:\n%.70s at %.2f.\n",
           100 * overload_difference(row), result->name, row->load);
}

// What the machine did, and not the server.
static void print_machine(const struct overload_result *results, int count)
{
    double late = 0;
    double longer = 1;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < results[i].count; j++) {
            const struct overload_row *row = &results[i].rows[j];
            late = fmax(late, row->late);
            longer = fmax(longer, row->work * 1e3 / results[i].plan.work_ms);
        }
    printf("This machine made the work up to %.1f %% longer, and an event up "
           "to %.1f ms late.\nBoth are in calc.\n",
           100 * (longer - 1), late * 1e3);
}

void overload_print_legend(const struct overload_result *results, int count)
{
    printf(
        "load        1.00 is the capacity: workers / work. Events come as from "
        "many\n"
        "            clients: at random, but the same in each run.\n"
        "in          200 or 202. All times count from when an event was due.\n"
        "until done  of those: until the server printed its line.\n"
        "waiting     for a worker; at stage 4, for the mutex. ?: it can't "
        "say.\n"
        "calc        until done: if a server cost nothing but the work.\n"
        "            waiting: Little's law, rate x wait, of the measured ones."
        "\n\n");
    print_largest_difference(results, count);
    print_machine(results, count);
}

// What never came is null, and so is what the server can't say.
static json_t *number(double value)
{
    return value < 0 || isinf(value) ? json_null() : json_real(value);
}

static json_t *row_json(const struct overload_row *row)
{
    return json_pack(
        "{s:f, s:i, s:i, s:i, s:i, s:{s:o, s:o}, s:{s:o, s:o, s:o, s:o}, "
        "s:{s:o, s:o, s:o}, s:f, s:f}",
        "load", row->load, "sent", row->sent, "accepted", row->accepted,
        "rejected", row->rejected, "other", row->others, "response_ms", "p50",
        number(row->response_p50 * 1e3), "p99", number(row->response_p99 * 1e3),
        "done_ms", "p50", number(row->done_p50 * 1e3), "p99",
        number(row->done_p99 * 1e3), "mean", number(row->done_mean * 1e3),
        "calculated", number(row->arithmetic * 1e3), "waiting", "mean",
        number(row->waiting_mean), "calculated", number(row->little), "max",
        number(row->waiting_max), "work_ms", row->work * 1e3, "late_ms",
        row->late * 1e3);
}

void overload_print_json(const struct overload_result *results, int count)
{
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        const struct overload_plan *plan = &results[i].plan;
        json_t *rows = json_array();
        for (int j = 0; j < results[i].count; j++)
            json_array_append_new(rows, row_json(&results[i].rows[j]));
        json_array_append_new(
            all, json_pack("{s:s, s:i, s:o, s:i, s:f, s:o}", "server",
                           results[i].name, "workers", plan->workers,
                           "channel_capacity",
                           plan->capacity > 0 ? json_integer(plan->capacity)
                                              : json_null(),
                           "work_ms", plan->work_ms, "events_per_second",
                           per_second(plan), "rows", rows));
    }
    json_dumpf(all, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(all);
}
