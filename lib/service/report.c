#include "lib/service/report.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static bool is_quiet;

// Without setvbuf, a program that reads our lines from a pipe would get them
// only when there are four kilobytes of them.
int report_listening(const struct options *options, int listener)
{
    char url[NET_URL_SIZE];
    if (net_url(listener, url) < 0)
        return -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    is_quiet = options->quiet;
    printf("%s listening on %s\n", options->program, url);
    return 0;
}

// U+0080 to U+009F: some terminals treat them like ESC and a letter.
static bool is_c1_control(const char *text)
{
    unsigned char second = (unsigned char)text[1];
    return (unsigned char)text[0] == 0xc2 && second >= 0x80 && second <= 0x9f;
}

// A client chooses the name; an escape sequence in it must not reach the
// terminal.
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        bool is_two_bytes = is_c1_control(text);
        if ((unsigned char)*text < ' ' || *text == 0x7f || is_two_bytes)
            *text = '?';
        if (is_two_bytes)
            *++text = '?';
    }
}

void report_event(const char *role, int number, const struct event *event,
                  enum store_result result, int64_t balance)
{
    if (is_quiet)
        return;
    char name[32];
    char user[sizeof event->user];
    snprintf(name, sizeof name, number > 0 ? "%s %d" : "%s", role, number);
    memcpy(user, event->user, sizeof user);
    make_printable(user);
    switch (result) {
    case STORE_ADDED:
        printf("%s: %s %+" PRId64 " = %" PRId64 "\n", name, user, event->amount,
               balance);
        break;
    case STORE_OVERFLOW:
        printf("%s: %s %+" PRId64 " would overflow the balance\n", name, user,
               event->amount);
        break;
    case STORE_FULL:
        printf("%s: %s %+" PRId64 " would be a user too many\n", name, user,
               event->amount);
        break;
    }
}

void report_stopping(const char *program)
{
    int64_t left =
        metrics_get(METRIC_EVENTS_ACCEPTED) - metrics_get(METRIC_EVENTS_DONE);
    if (left > 0)
        printf("%s stopping: %" PRId64 " accepted events are still to do; "
               "a second signal drops them\n",
               program, left);
}

// Only what POSIX calls async-signal-safe: write, and no printf (XSH 2.4.3).
static void write_text(const char *text)
{
    size_t length = 0;
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

void report_dropped(const char *program)
{
    write_text(program);
    write_text(" stopped at once: dropped ");
    if (METRICS_ARE_LOCK_FREE) {
        int64_t events = metrics_get(METRIC_EVENTS_ACCEPTED) -
                         metrics_get(METRIC_EVENTS_DONE);
        write_number(events > 0 ? events : 0);
        write_text(" accepted events and ");
        write_number(metrics_get(METRIC_OPEN_CONNECTIONS));
        write_text(" connections\n");
    } else {
        write_text("all accepted events and connections\n");
    }
}

void report_tally(const char *program)
{
    int64_t accepted = metrics_get(METRIC_EVENTS_ACCEPTED);
    int64_t rejected = metrics_get(METRIC_EVENTS_REJECTED);
    int64_t invalid = metrics_get(METRIC_EVENTS_INVALID);
    struct buffer line = {0};
    buffer_add_format(&line, "%s stopped: %" PRId64 " requests", program,
                      metrics_requests());
    if (accepted + rejected + invalid > 0)
        buffer_add_format(&line,
                          "; events: %" PRId64 " accepted, %" PRId64
                          " rejected, %" PRId64 " invalid, %" PRId64 " done",
                          accepted, rejected, invalid,
                          metrics_get(METRIC_EVENTS_DONE));
    printf("%.*s\n", (int)line.length, line.bytes);
    buffer_destroy(&line);
}
