#include "lab/load/load.h"
#include "lab/load/load_response.h"
#include "lab/screen.h"
#include "lab/system_limits.h"
#include "lab/trouble.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { USERS_MAX = 64 };

struct load_client {
    int socket;      // -1: not connected
    int user;        // of the last event it sent
    bool is_waiting; // for a response
    int64_t sent_at; // in nanoseconds
    struct load_response response;
};

static struct {
    const struct load_options *options;
    struct load_client *clients;
    struct pollfd *polled;
    struct load_result result;
    struct buffer requests[USERS_MAX];
    int64_t started, ends; // in nanoseconds
    int64_t moved;         // when a byte last came, in nanoseconds
} run;

static void make_requests(const struct load_options *options)
{
    for (int i = 0; i < options->users; i++) {
        char body[128] = "";
        if (strcmp(options->method, "POST") == 0)
            snprintf(body, sizeof body,
                     "{\"user\":\"user%d\",\"action\":\"buy\",\"amount\":100}",
                     i);
        buffer_add_format(
            &run.requests[i],
            "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%sContent-Length: %zu\r\n"
            "\r\n%s",
            options->method, options->path, options->port,
            options->closes ? "Connection: close\r\n" : "", strlen(body), body);
        if (run.requests[i].failed)
            trouble_note("the lab has no memory for a request");
    }
}

// Waits for the connection, but not for long: while the server's backlog is
// full, connect(2) just waits.
static bool connect_client(struct load_client *client)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)run.options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 1};
    const int on = 1;
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->socket < 0) {
        trouble_note_errno("socket");
        return false;
    }
    setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &patience,
               sizeof patience);
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(client->socket, (const struct sockaddr *)&address,
                sizeof address) == 0 &&
        net_set_nonblocking(client->socket) == 0) {
        run.result.connections++;
        return true;
    }
    // Not the server's fault: no port is free, or no memory.
    if (errno == EADDRNOTAVAIL || errno == ENOBUFS || errno == ENOMEM)
        trouble_note_errno("connect");
    close(client->socket);
    client->socket = -1;
    return false;
}

static void count_error(void)
{
    run.result.errors++;
    histogram_add_never(&run.result.times, 1);
}

static void disconnect(struct load_client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    client->socket = -1;
    client->is_waiting = false;
}

static struct pollfd *polled_of(const struct load_client *client)
{
    return &run.polled[client - run.clients];
}

// Sends the next request. A failure counts as an error, and the client opens a
// new connection the next time.
static void send_request(struct load_client *client, int64_t moment)
{
    run.result.requests++;
    if (client->socket < 0 && !connect_client(client)) {
        count_error();
        return;
    }
    client->user = (client->user + 1) % run.options->users;
    client->sent_at = moment;
    load_response_begin(&client->response);
    client->is_waiting = true;
    struct slice request = buffer_slice(&run.requests[client->user]);
    if (send(client->socket, request.bytes, request.length, MSG_NOSIGNAL) !=
        (ssize_t)request.length) {
        count_error();
        disconnect(client);
    }
    polled_of(client)->fd = client->socket;
}

static void count_response(struct load_client *client)
{
    int status = client->response.status;
    int64_t now = clock_nanoseconds();
    histogram_add(&run.result.times, now - client->sent_at);
    run.result.responses++;
    if (status < 300)
        run.result.accepted++;
    else if (status == 503)
        run.result.rejected++;
    else
        run.result.others++;
    client->is_waiting = false;
    if (client->response.server_closes)
        disconnect(client);
}

static void take(struct load_client *client, const char *bytes, size_t length)
{
    if (!client->is_waiting)
        return;
    switch (load_response_take(&client->response, bytes, length)) {
    case LOAD_TAKE_DONE:
        count_response(client);
        break;
    case LOAD_TAKE_MORE:
        break;
    case LOAD_TAKE_WRONG:
        count_error();
        disconnect(client);
        break;
    }
}

static void on_ready(struct load_client *client)
{
    static char bytes[256 * 1024];
    ssize_t count = recv(client->socket, bytes, sizeof bytes, 0);
    bool has_ended = count == 0 || (count < 0 && !net_would_block());
    if (count > 0) {
        run.moved = clock_nanoseconds();
        take(client, bytes, (size_t)count);
    } else if (count == 0 && client->is_waiting &&
               load_response_end(&client->response)) {
        count_response(client);
    } else if (has_ended && client->is_waiting) {
        count_error();
    }
    if (has_ended)
        disconnect(client);
    polled_of(client)->fd = client->socket;
}

// When the next request is due, with a rate.
static int64_t due_at(void)
{
    return run.started +
           (int64_t)((double)run.result.requests / run.options->rate * 1e9);
}

static bool is_over(int64_t now)
{
    int64_t requests = run.options->requests;
    return requests > 0 ? run.result.requests >= requests : now >= run.ends;
}

static void send_if_due(struct load_client *client, int64_t now)
{
    if (client->is_waiting || is_over(now))
        return;
    if (run.options->rate <= 0)
        send_request(client, now);
    else if (due_at() <= now)
        send_request(client, due_at());
}

static bool has_free_client(void)
{
    for (int i = 0; i < run.options->clients; i++)
        if (!run.clients[i].is_waiting)
            return true;
    return false;
}

// Milliseconds until the next request is due. Rounded down, because a request
// that is sent late makes the server look slow.
static int time_to_wait(void)
{
    enum { LOOK_AGAIN = 50 };
    if (run.options->rate <= 0 || !has_free_client())
        return LOOK_AGAIN;
    int64_t left = (due_at() - clock_nanoseconds()) / 1000000;
    return left < 0 ? 0 : left > LOOK_AGAIN ? LOOK_AGAIN : (int)left;
}

// One iteration: waits for responses, or until a request is due. Returns
// whether a client still waits.
static bool iterate(void)
{
    const int count = run.options->clients;
    bool is_waiting = false;
    int ready = poll(run.polled, (nfds_t)count, time_to_wait());
    if (ready < 0 && errno != EINTR && errno != EAGAIN)
        trouble_note_errno("poll");
    for (int i = 0; i < count && ready > 0; i++) {
        if (run.polled[i].revents == 0)
            continue;
        ready--;
        on_ready(&run.clients[i]);
        if (run.options->rate <= 0)
            send_if_due(&run.clients[i], clock_nanoseconds());
    }
    int64_t now = clock_nanoseconds();
    if (run.options->rate > 0 || run.result.errors > 0)
        for (int i = 0; i < count; i++)
            send_if_due(&run.clients[i], now);
    for (int i = 0; i < count && !is_waiting; i++)
        is_waiting = run.clients[i].is_waiting;
    return is_waiting;
}

static void show_progress(int64_t now)
{
    enum { EVERY = 200000000 }; // in nanoseconds
    static int64_t shown;
    const struct load_options *options = run.options;
    if (now - shown < EVERY)
        return;
    shown = now;
    if (options->requests > 0)
        screen_progress("requests", (int)run.result.responses,
                        (int)options->requests);
    else
        screen_progress("load", (int)((now - run.started) / 1000000),
                        (int)(options->seconds * 1000));
}

// With a rate: those that were due until now, and that no client could send.
static int64_t count_unsent(int64_t now)
{
    const struct load_options *options = run.options;
    if (options->rate <= 0)
        return 0;
    int64_t until = now < run.ends || options->requests > 0 ? now : run.ends;
    double seconds = (double)(until - run.started) / 1e9;
    int64_t due = (int64_t)(seconds * options->rate);
    if (options->requests > 0 && due > options->requests)
        due = options->requests;
    return due > run.result.requests ? due - run.result.requests : 0;
}

static void work_until_over(void)
{
    enum { LAST_RESPONSES = 5, SILENCE = 30 }; // in seconds
    run.started = clock_nanoseconds();
    run.moved = run.started;
    run.ends = run.started + (int64_t)(run.options->seconds * 1e9);
    for (int i = 0; i < run.options->clients; i++)
        send_if_due(&run.clients[i], clock_nanoseconds());
    bool is_waiting = true;
    int64_t last = INT64_MAX;
    while ((is_waiting || !is_over(clock_nanoseconds())) && trouble() == NULL) {
        is_waiting = iterate();
        int64_t now = clock_nanoseconds();
        if (is_over(now) && last == INT64_MAX)
            last = now + LAST_RESPONSES * INT64_C(1000000000);
        if (now > last || now - run.moved > SILENCE * INT64_C(1000000000))
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

int load(const struct load_options *options)
{
    size_t count = (size_t)options->clients;
    run.options = options;
    run.clients = calloc(count, sizeof *run.clients);
    run.polled = calloc(count, sizeof *run.polled);
    if (run.clients == NULL || run.polled == NULL)
        trouble_note("the lab has no memory for %d clients", options->clients);
    limits_allow_clients(options->clients);
    make_requests(options);
    if (trouble() != NULL)
        return tell_trouble();
    for (size_t i = 0; i < count; i++) {
        run.clients[i].socket = -1;
        run.clients[i].user = (int)i;
        run.polled[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    if (!connect_client(&run.clients[0]) && trouble() == NULL) {
        fprintf(stderr, "lab: no server on port %d: ./workshop run N\n",
                options->port);
        return EXIT_FAILURE;
    }
    work_until_over();
    int64_t now = clock_nanoseconds();
    run.result.seconds = (double)(now - run.started) / 1e9;
    run.result.unsent = count_unsent(now);
    histogram_add_never(&run.result.times, (uint64_t)run.result.unsent);
    for (size_t i = 0; i < count; i++) {
        if (run.clients[i].is_waiting)
            count_error();
        disconnect(&run.clients[i]);
    }
    load_report(options, &run.result);
    free(run.clients);
    free(run.polled);
    for (int i = 0; i < options->users; i++)
        buffer_destroy(&run.requests[i]);
    if (trouble() != NULL)
        return tell_trouble();
    return run.result.responses > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
