// The lines of a panel above and below its boxes.

#include "lab/watch/panel_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 160, NUMBER = 24 };

static const int64_t late = 500000000; // in nanoseconds: a response is late

static double seconds_since(int64_t since, int64_t now)
{
    return (double)(now - since) / 1e9;
}

// Of a server without metrics, or of one that was not asked for them.
static bool status_without(const struct target *target, int64_t now,
                           char text[TEXT])
{
    const char *what = target->metrics == METRICS_NONE
                           ? "no metrics"
                           : "not asked for metrics";
    if (target->backlog_since == 0) {
        snprintf(text, TEXT, "%s", what);
        return false;
    }
    snprintf(text, TEXT, "%s; backlog for %.1f s", what,
             seconds_since(target->backlog_since, now));
    return now - target->backlog_since >= late;
}

// What the server does now. Returns whether it is to be red.
static bool status_of(const struct target *target, int64_t now, char text[TEXT])
{
    text[0] = '\0';
    if (!target_is_there(target)) {
        snprintf(text, TEXT, "nothing listens there");
        return true;
    }
    if (target->asked_at != 0 && now - target->asked_at >= late) {
        snprintf(text, TEXT, "no response for %.1f s%s",
                 seconds_since(target->asked_at, now),
                 target->metrics == METRICS_THERE ? ": old numbers" : "");
        return true;
    }
    if (target->metrics == METRICS_NONE ||
        (target->metrics == METRICS_NOT_ASKED && target->asked_at == 0))
        return status_without(target, now, text);
    if (target->metrics == METRICS_THERE)
        snprintf(text, TEXT, "responds in %.1f ms", target->response_ms);
    return false;
}

void panel_title(const struct panel *panel, const struct target *target,
                 int64_t now)
{
    char title[TEXT];
    char status[TEXT];
    const char *name = target->name[0] != '\0' ? target->name : "a server";
    snprintf(title, sizeof title, "%s  127.0.0.1:%d",
             target_is_there(target) ? name : "no server",
             target->sockets.port);
    bool is_red = status_of(target, now, status);
    int column = panel->column + panel->width - (int)strlen(status);
    canvas_text(panel->canvas, panel->row, panel->column, CANVAS_BOLD, title);
    canvas_text(panel->canvas, panel->row, column,
                is_red ? CANVAS_RED : CANVAS_PLAIN, status);
}

static const char *rate(double found, char text[NUMBER])
{
    if (found < 0)
        snprintf(text, NUMBER, "-");
    else
        snprintf(text, NUMBER, "%.*f", found < 10000 ? 1 : 0, found);
    return text;
}

static const char *duration(double seconds, double longest, char text[NUMBER])
{
    if (seconds < 0)
        snprintf(text, NUMBER, "-");
    else if (isinf(seconds))
        snprintf(text, NUMBER, "over %.0f s", longest);
    else if (seconds < 0.0001)
        snprintf(text, NUMBER, "under 0.1 ms");
    else if (seconds < 1)
        snprintf(text, NUMBER, "%.1f ms", seconds * 1e3);
    else
        snprintf(text, NUMBER, "%.1f s", seconds);
    return text;
}

// The rejections are red, and where they end is returned.
void panel_rates(const struct panel *panel, int row, const struct rates *rates)
{
    char text[TEXT];
    char number[NUMBER];
    struct canvas *canvas = panel->canvas;
    int column = panel->column;
    column += snprintf(text, sizeof text, "per second   accepted %s   ",
                       rate(rates->accepted, number));
    canvas_text(canvas, row, panel->column, CANVAS_PLAIN, text);
    int length = snprintf(text, sizeof text, "rejected %s",
                          rate(rates->rejected, number));
    canvas_text(canvas, row, column,
                rates->rejected > 0 ? CANVAS_RED : CANVAS_PLAIN, text);
    snprintf(text, sizeof text, "done %s", rate(rates->done, number));
    canvas_text(canvas, row, column + length + 3, CANVAS_PLAIN, text);
}

void panel_p99(const struct panel *panel, int row, const struct rates *rates)
{
    char text[TEXT];
    char request[NUMBER];
    char event[NUMBER];
    snprintf(text, sizeof text,
             "p99          response %s   accepted until done %s",
             duration(rates->request_p99, rates->request_longest, request),
             duration(rates->event_p99, rates->event_longest, event));
    canvas_text(panel->canvas, row, panel->column, CANVAS_PLAIN, text);
}
