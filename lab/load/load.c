#include "lab/load/load.h"
#include "lab/load/load_private.h"
#include "lab/screen.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load_run load_run;

static void make_requests(const struct load_options *options)
{
    for (int i = 0; i < options->users; i++) {
        char body[128] = "";
        if (strcmp(options->method, "POST") == 0)
            snprintf(body, sizeof body,
                     "{\"user\":\"user%d\",\"action\":\"buy\",\"amount\":100}",
                     i);
        buffer_add_format(
            &load_run.requests[i],
            "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%sContent-Length: %zu\r\n"
            "\r\n%s",
            options->method, options->path, options->port,
            options->closes ? "Connection: close\r\n" : "", strlen(body), body);
        if (load_run.requests[i].failed)
            trouble_note("the lab has no memory for a request");
    }
}

// When the next request is due, with a rate.
static int64_t due_at(void)
{
    return load_run.started + (int64_t)((double)load_run.result.requests /
                                        load_run.options->rate * 1e9);
}

static bool is_over(int64_t now)
{
    int64_t requests = load_run.options->requests;
    return requests > 0 ? load_run.result.requests >= requests
                        : now >= load_run.ends;
}

static bool is_free(const struct load_client *client)
{
    return !client->is_waiting && client->again_at == 0;
}

static void send_if_due(struct load_client *client, int64_t now)
{
    if (client->again_at > 0 && load_run.options->requests == 0 && is_over(now))
        load_client_give_up(client);
    else if (client->again_at > 0 && client->again_at <= now)
        load_client_send_again(client);
    if (!is_free(client) || is_over(now))
        return;
    if (load_run.options->rate <= 0)
        load_client_send(client, now);
    else if (due_at() <= now)
        load_client_send(client, due_at());
}

static bool has_free_client(void)
{
    for (int i = 0; i < load_run.options->clients; i++)
        if (is_free(&load_run.clients[i]))
            return true;
    return false;
}

// When a rejected request is sent again; INT64_MAX: there is none.
static int64_t next_try(void)
{
    int64_t next = INT64_MAX;
    if (load_run.options->retry == RETRY_NONE)
        return next;
    for (int i = 0; i < load_run.options->clients; i++) {
        int64_t again_at = load_run.clients[i].again_at;
        if (again_at > 0 && again_at < next)
            next = again_at;
    }
    return next;
}

// Milliseconds until the next request is due. Rounded down, because a request
// that is sent late makes the server look slow.
static int time_to_wait(void)
{
    enum { LOOK_AGAIN = 50 };
    int64_t next = next_try();
    if (load_run.options->rate > 0 && has_free_client() && due_at() < next)
        next = due_at();
    if (next == INT64_MAX)
        return LOOK_AGAIN;
    int64_t left = (next - clock_nanoseconds()) / 1000000;
    return left < 0 ? 0 : left > LOOK_AGAIN ? LOOK_AGAIN : (int)left;
}

// One iteration: waits for responses, or until a request is due. Returns
// whether a client still waits, for a response or for its next try.
static bool iterate(void)
{
    const int count = load_run.options->clients;
    bool is_waiting = false;
    int ready = poll(load_run.polled, (nfds_t)count, time_to_wait());
    if (ready < 0 && errno != EINTR && errno != EAGAIN)
        trouble_note_errno("poll");
    for (int i = 0; i < count && ready > 0; i++) {
        if (load_run.polled[i].revents == 0)
            continue;
        ready--;
        load_client_receive(&load_run.clients[i]);
        if (load_run.options->rate <= 0)
            send_if_due(&load_run.clients[i], clock_nanoseconds());
    }
    int64_t now = clock_nanoseconds();
    if (load_run.options->rate > 0 || load_run.result.errors > 0 ||
        load_run.options->retry != RETRY_NONE)
        for (int i = 0; i < count; i++)
            send_if_due(&load_run.clients[i], now);
    for (int i = 0; i < count && !is_waiting; i++)
        is_waiting = !is_free(&load_run.clients[i]);
    return is_waiting;
}

static void show_progress(int64_t now)
{
    enum { EVERY = 200000000 }; // in nanoseconds
    static int64_t shown;
    const struct load_options *options = load_run.options;
    if (now - shown < EVERY)
        return;
    shown = now;
    if (options->requests > 0)
        screen_progress("requests", (int)load_run.result.responses,
                        (int)options->requests);
    else
        screen_progress("load", (int)((now - load_run.started) / 1000000),
                        (int)(options->seconds * 1000));
}

// With a rate: those that were due until now, and that no client could send.
static int64_t count_unsent(int64_t now)
{
    const struct load_options *options = load_run.options;
    if (options->rate <= 0)
        return 0;
    int64_t until =
        now < load_run.ends || options->requests > 0 ? now : load_run.ends;
    double seconds = (double)(until - load_run.started) / 1e9;
    int64_t due = (int64_t)(seconds * options->rate);
    if (options->requests > 0 && due > options->requests)
        due = options->requests;
    return due > load_run.result.requests ? due - load_run.result.requests : 0;
}

static void work_until_over(void)
{
    // In seconds. A number of requests has no time: the responses may be slow.
    enum { LAST_RESPONSES = 5, SILENCE = 30 };
    load_run.started = clock_nanoseconds();
    load_run.moved = load_run.started;
    load_run.ends =
        load_run.started + (int64_t)(load_run.options->seconds * 1e9);
    for (int i = 0; i < load_run.options->clients; i++)
        send_if_due(&load_run.clients[i], clock_nanoseconds());
    bool is_waiting = true;
    int64_t last = INT64_MAX;
    while ((is_waiting || !is_over(clock_nanoseconds())) && trouble() == NULL) {
        is_waiting = iterate();
        int64_t now = clock_nanoseconds();
        if (next_try() != INT64_MAX)
            last = INT64_MAX;
        else if (load_run.options->requests == 0 && is_over(now) &&
                 last == INT64_MAX)
            last = now + LAST_RESPONSES * INT64_C(1000000000);
        if (now > last || now - load_run.moved > SILENCE * INT64_C(1000000000))
            break;
        show_progress(now);
    }
    screen_progress_end();
}

static int tell_trouble(void)
{
    fflush(stdout);
    fprintf(stderr, "lab: %s\n", trouble());
    return TROUBLE_EXIT;
}

static int tell_no_connection(int port)
{
    if (load_run.backlog_is_full)
        fprintf(stderr,
                "lab: the server on port %d accepts no connection, and its "
                "backlog is full\n",
                port);
    else
        fprintf(stderr, "lab: no server on port %d: ./workshop run N\n", port);
    return EXIT_FAILURE;
}

int load(const struct load_options *options)
{
    size_t count = (size_t)options->clients;
    load_run.options = options;
    load_run.random = (uint64_t)clock_nanoseconds() | 1;
    load_run.clients = calloc(count, sizeof *load_run.clients);
    load_run.polled = calloc(count, sizeof *load_run.polled);
    if (load_run.clients == NULL || load_run.polled == NULL)
        trouble_note("the lab has no memory for %d clients", options->clients);
    limits_allow_clients(options->clients);
    make_requests(options);
    if (trouble() != NULL)
        return tell_trouble();
    for (size_t i = 0; i < count; i++) {
        load_run.clients[i].socket = -1;
        load_run.clients[i].user = (int)i;
        load_run.polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    if (!load_client_connect(&load_run.clients[0]) && trouble() == NULL)
        return tell_no_connection(options->port);
    if (trouble() != NULL)
        return tell_trouble();
    work_until_over();
    int64_t now = clock_nanoseconds();
    load_run.result.seconds = (double)(now - load_run.started) / 1e9;
    load_run.result.unsent = count_unsent(now);
    histogram_add_never(&load_run.result.times,
                        (uint64_t)load_run.result.unsent);
    for (size_t i = 0; i < count; i++) {
        if (load_run.clients[i].is_waiting)
            load_client_count_error();
        else if (load_run.clients[i].again_at > 0)
            load_client_give_up(&load_run.clients[i]);
        load_client_disconnect(&load_run.clients[i]);
    }
    load_report(options, &load_run.result);
    free(load_run.clients);
    free(load_run.polled);
    for (int i = 0; i < options->users; i++)
        buffer_destroy(&load_run.requests[i]);
    if (trouble() != NULL)
        return tell_trouble();
    return load_run.result.responses > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
