#include "lib/service/report.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"
#include "lib/base/printable.h"
#include "lib/base/process.h"
#include "lib/service/process_metrics.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_quiet;
static const char *stored_in; // NULL: events end with the process

// A program that reads our lines from a pipe gets each at once, and not only
// when there are four kilobytes of them. setvbuf could do that only before
// anything is printed (C11, 7.21.5.6).
__attribute__((format(printf, 1, 2))) static void print_line(const char *format,
                                                             ...)
{
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    fflush(stdout);
}

int report_listening(const struct options *options, int listener)
{
    char url[NET_URL_SIZE];
    if (net_url(listener, url) < 0)
        return -1;
    is_quiet = options->quiet;
    process_metrics_name(options->program);
    print_line("%s listening on %s\n", options->program, url);
    return 0;
}

void report_stored(const char *program, const char *place, size_t restored)
{
    stored_in = place;
    if (restored > 0)
        print_line("%s: %zu accepted events are back from %s\n", program,
                   restored, place);
}

void report_event(const char *role, int number, const struct event *event,
                  enum store_result result, int64_t balance)
{
    if (is_quiet)
        return;
    char name[32];
    char user[sizeof event->user];
    snprintf(name, sizeof name, number > 0 ? "%s %d" : "%s", role, number);
    printable(user, sizeof user, slice_of(event->user));
    switch (result) {
    case STORE_ADDED:
        print_line("%s: %s %+" PRId64 " = %" PRId64 "\n", name, user,
                   event->amount, balance);
        break;
    case STORE_OVERFLOW:
        print_line("%s: %s %+" PRId64
                   " failed: it would overflow the balance\n",
                   name, user, event->amount);
        break;
    case STORE_FULL:
        print_line("%s: %s %+" PRId64 " failed: it would be a user too many\n",
                   name, user, event->amount);
        break;
    }
}

void report_stopping(const char *program, int requests)
{
    static bool is_said;
    char events[64] = "";
    int64_t unfinished = metrics_unfinished();
    if (is_said || requests + unfinished == 0)
        return;
    is_said = true;
    if (metrics_have_work())
        snprintf(events, sizeof events,
                 ", %" PRId64 " accepted events are not done", unfinished);
    print_line("%s stopping: %d requests are in progress%s; another signal, "
               "%d s after the first, drops %s%s\n",
               program, requests, events, PROCESS_REPEAT_MS / 1000,
               stored_in != NULL ? "the requests alone: events stay in "
                                 : "them",
               stored_in != NULL ? stored_in : "");
}

// Only what POSIX calls async-signal-safe: poll and write, and no printf (XSH
// 2.4.3). A full pipe that no one reads must not keep the process.
static void write_text(const char *text)
{
    size_t length = 0;
    struct pollfd errors = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&errors, 1, 0) == 0)
        return;
    while (text[length] != '\0')
        length++;
    // If the reader has left, there is no one to tell.
    if (write(STDERR_FILENO, text, length) < 0)
        return;
}

static void write_number(int64_t number)
{
    char digits[24];
    char *start = digits + sizeof digits;
    *--start = '\0';
    do
        *--start = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    write_text(start);
}

// Ends the line of what is dropped.
static void write_stored(void)
{
    if (stored_in != NULL) {
        write_text("; ");
        if (METRICS_ARE_LOCK_FREE)
            write_number(metrics_unfinished());
        else
            write_text("all");
        write_text(" accepted events stay in ");
        write_text(stored_in);
    }
    write_text("\n");
}

void report_dropped(const char *program)
{
    write_text(program);
    write_text(" stopped at once: dropped ");
    if (METRICS_ARE_LOCK_FREE) {
        if (metrics_have_work() && stored_in == NULL) {
            write_number(metrics_unfinished());
            write_text(" accepted events and ");
        }
        write_number(metrics_get(METRIC_OPEN_CONNECTIONS));
        write_text(" connections");
    } else {
        write_text(stored_in == NULL ? "all accepted events and connections"
                                     : "all connections");
    }
    write_stored();
}

void report_tally(const char *program)
{
    int64_t accepted = metrics_get(METRIC_EVENTS_ACCEPTED);
    int64_t rejected = metrics_get(METRIC_EVENTS_REJECTED);
    int64_t invalid = metrics_get(METRIC_EVENTS_INVALID);
    int64_t done = metrics_get(METRIC_EVENTS_DONE);
    int64_t failed = metrics_get(METRIC_EVENTS_FAILED);
    // Some are done that were accepted before the start, or by another server.
    bool has_events = accepted + rejected + invalid + done + failed > 0;
    struct buffer line = {0};
    buffer_add_format(&line, "%s stopped: %" PRId64 " requests", program,
                      metrics_requests());
    if (has_events)
        buffer_add_format(&line,
                          "; events: %" PRId64 " accepted, %" PRId64
                          " rejected, %" PRId64 " invalid",
                          accepted, rejected, invalid);
    if (has_events && metrics_have_work())
        buffer_add_format(&line, ", %" PRId64 " done, %" PRId64 " failed", done,
                          failed);
    if (stored_in != NULL && metrics_unfinished() > 0)
        buffer_add_format(&line, "; %" PRId64 " stay in %s",
                          metrics_unfinished(), stored_in);
    print_line("%.*s\n", (int)line.length, line.bytes);
    buffer_destroy(&line);
}
