#include "lab/experiments/run.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool run_has(const struct run *run, unsigned abilities)
{
    return (run->subject->has & abilities) == abilities;
}

static struct command command_of(const struct run *run)
{
    struct command command = run->subject->command;
    command.prepare = run->prepare;
    return command;
}

static bool start(struct run *run, struct settings settings)
{
    if (settings.work_ms == 0 && settings.work_gate == NULL)
        settings.work_ms = run->work_ms;
    struct command command = command_of(run);
    run->settings = settings;
    run->exit[0] = '\0';
    run->failed = server_start(&run->server, &command, &settings) < 0;
    if (run->failed) {
        run_verdict(run, "did not start");
        run_detail(run, "%.120s", run->server.fault);
    }
    return !run->failed;
}

bool run_start(struct run *run, struct settings settings)
{
    settings.quiet = true;
    return start(run, settings);
}

bool run_start_printing(struct run *run, struct settings settings)
{
    return start(run, settings);
}

bool run_respawn(struct run *run)
{
    struct command command = command_of(run);
    return server_respawn(&run->server, &command, &run->settings) == 0;
}

void run_wait_end(struct run *run)
{
    int status = server_wait(&run->server, run_limit_ms(run));
    if (status >= 0)
        snprintf(run->exit, sizeof run->exit, "status %d", status);
    else
        snprintf(run->exit, sizeof run->exit, "signal %d",
                 run->server.exit_signal);
}

void run_stop(struct run *run)
{
    if (run->server.pid == 0)
        return;
    run->died = server_is_ending(&run->server);
    server_signal(&run->server, SIGTERM);
    run_wait_end(run);
}

// A server may have said some of it.
static void write_printable(char *out, size_t size, const char *format,
                            va_list arguments)
{
    char text[PRINTABLE_LINE];
    vsnprintf(text, sizeof text, format, arguments);
    printable_text(out, size, text);
}

void run_verdict(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_printable(run->verdict, sizeof run->verdict, format, arguments);
    va_end(arguments);
}

void run_detail(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_printable(run->detail, sizeof run->detail, format, arguments);
    va_end(arguments);
}

void run_skip(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_printable(run->skipped, sizeof run->skipped, format, arguments);
    va_end(arguments);
    run_verdict(run, "skipped");
}

bool run_start_held(struct run *run, struct gate *gate,
                    struct settings settings)
{
    *gate = (struct gate){.descriptor = -1};
    if (run_has(run, HAS_GATE)) {
        run->failed = gate_open(gate) < 0;
        settings.work_gate = gate->path;
        settings.work_ms = 0;
    } else if (settings.work_ms == 0 && run_has(run, HAS_WORK)) {
        settings.work_ms = HELD_MS;
    }
    if (!run->failed && run_start(run, settings))
        return true;
    gate_close(gate);
    return false;
}

// Work that only time ends could take minutes.
void run_end_held(struct run *run, struct gate *gate)
{
    if (run->settings.work_ms >= HELD_MS) {
        run->died = server_is_ending(&run->server);
        server_wait(&run->server, 0);
    }
    run_stop(run);
    gate_close(gate);
    if (run->settings.work_gate != NULL) // a person has no such gate
        run->settings.work_ms = HELD_MS;
    run->settings.work_gate = NULL;
}

int run_limit_ms(const struct run *run)
{
    enum { EVENTS = 100 }; // that are done one by one
    return LIMIT_MS + EVENTS * run->work_ms;
}

// How long the server has computed, or was ready to and had no processor.
static double busy_ms(const struct run *run)
{
    return server_usage(&run->server).cpu_s * 1e3 +
           (double)server_run_delay(run->server.pid) / 1e6;
}

// A frozen server does nothing. One that does something, or would if it had a
// processor, may only be late.
bool run_wait_unless_frozen(const struct run *run, struct client *client)
{
    int64_t end = clock_milliseconds() + LIMIT_MS;
    double before;
    bool has_response;
    do {
        before = busy_ms(run);
        has_response = client_wait(client, PATIENCE_MS);
    } while (!has_response && !client->ended &&
             busy_ms(run) - before > PATIENCE_MS / 10.0 &&
             clock_milliseconds() < end);
    return has_response;
}

double run_good_request(const struct run *run)
{
    struct client client;
    client_open(&client, run->server.port);
    client_request(&client, "GET", "/health", NULL);
    run_wait_unless_frozen(run, &client);
    double ms = client.status != 0 ? client_ms(&client) : -1;
    client_close(&client);
    return ms;
}

double run_last_request(const struct run *run)
{
    struct client client;
    double ms = -1;
    if (client_request_once(&client, run->server.port, "GET", "/health", NULL,
                            LIMIT_MS))
        ms = client_ms(&client);
    client_close(&client);
    return ms;
}

long long run_balances(const struct run *run)
{
    struct client client;
    long long sum = -1;
    client_request_once(&client, run->server.port, "GET", "/balances", NULL,
                        LIMIT_MS);
    json_t *all = json_loadb(client.body.bytes, client.body.length, 0, NULL);
    if (client.status == 200 && json_is_object(all)) {
        const char *user;
        json_t *balance;
        sum = 0;
        json_object_foreach(all, user, balance) sum +=
            json_integer_value(balance);
    }
    json_decref(all);
    client_close(&client);
    return sum;
}

static int lines(struct run *run)
{
    char text[OUTPUT_SIZE];
    int count = 0;
    output_copy(&run->server.output, text);
    for (const char *line = strstr(text, ": alice +"); line != NULL;
         line = strstr(line + 1, ": alice +"))
        count++;
    return count;
}

bool run_is_done(struct run *run, int events, long long sum)
{
    if (run_has(run, HAS_METRICS))
        return client_metric(run->server.port, "thaw_events_done_total") >=
               events;
    if (run_has(run, HAS_BALANCES) && run_balances(run) >= sum)
        return true;
    return run_has(run, HAS_LINES) && !run->settings.quiet &&
           lines(run) >= events;
}

bool run_wait_done(struct run *run, int events, long long sum)
{
    int64_t end = clock_milliseconds() + run_limit_ms(run);
    if ((run->subject->has & (HAS_METRICS | HAS_BALANCES | HAS_LINES)) == 0)
        return false;
    while (!run_is_done(run, events, sum)) {
        if (server_has_ended(&run->server) || clock_milliseconds() >= end)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}
