#include "tests/fuzz/play.h"
#include "lib/service/respond.h"
#include "lib/service/metrics.h"
#include "tests/fuzz/fake_time.h"
#include "tests/unit/clients.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROOM = 4 * 1024,       // in bytes, in a socket
    LARGE = 16 * 1024,     // in bytes, of a body
    HELD_MAX = 128 * 1024, // in bytes, in a connection
    QUIET = 3,             // iterations without progress: nothing will happen
    PATIENCE = 100 * 1000, // in iterations: some tenths of a second
};

// In milliseconds, as in conn.h.
static const int timeouts_ms[CONN_STATES] = {
    [CONN_IDLE] = 8000,    [CONN_HEADER] = 2000,    [CONN_BODY] = 3000,
    [CONN_SENDING] = 2000, [CONN_LINGERING] = 2000, [CONN_RESPONDING] = -1,
    [CONN_DEFERRED] = -1,  [CONN_CLOSED] = -1,
};

static struct play *playing; // for the handler
static char number[32];      // the field of the current response

static void set_number(int of)
{
    snprintf(number, sizeof number, "Number: %d\r\n", of);
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    static char large[LARGE];
    ck_assert_int_lt(playing->handled, PLAY_REQUESTS_MAX);
    playing->is_head[playing->handled] = slice_is(request->method, "HEAD");
    set_number(playing->handled++);
    respond_echo(response, request);
    response->fields = number;
    response->deferred = slice_starts_with(request->path, "/deferred");
    if (response->deferred)
        playing->deferred = response->conn;
    if (slice_starts_with(request->path, "/large"))
        response->body = (struct slice){large, sizeof large};
}

static void set_up_once(void)
{
    static bool is_done;
    if (is_done)
        return;
    clients_init(handle);
    memcpy(server.conns.timeouts_ms, timeouts_ms, sizeof timeouts_ms);
    server.conns.shutdown_ms = 1000;
    is_done = true;
}

void play_start(struct play *play, const struct http_limits *limits)
{
    static const int room = ROOM;
    set_up_once();
    *play = (struct play){.sent_before = metrics_get(METRIC_SENT_BYTES)};
    playing = play;
    server.conns.limits = *limits;
    server.conns.stopping = false;
    memcpy(server.conns.timeouts_ms, timeouts_ms, sizeof timeouts_ms);
    play->client = client_open();
    setsockopt(play->client->conn->socket, SOL_SOCKET, SO_SNDBUF, &room,
               sizeof room);
    setsockopt(play->client->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

// Bytes that the socket does not take count as not sent.
void play_send(struct play *play, struct slice bytes)
{
    if (play->client == NULL || play->shut_down)
        return;
    ssize_t count = write(play->client->socket, bytes.bytes, bytes.length);
    bytes.length = count > 0 ? (size_t)count : 0;
    buffer_add(&play->sent, bytes);
}

// A closed connection waits only until its deferred response is completed. An
// idle one may hold empty lines, and nothing else.
static void check_conn(const struct conn *conn)
{
    const struct pending *pending = conn->pending;
    if (pending != NULL)
        ck_assert_uint_le(pending->in.length + pending->out.length, HELD_MAX);
    if (conn->state == CONN_IDLE && pending != NULL)
        ck_assert(pending->in.length > 0 && pending->out.length == 0 &&
                  !http_has_begun(buffer_slice(&pending->in)));
    if (conn->state == CONN_CLOSED || conn->state == CONN_LINGERING)
        ck_assert_ptr_null(pending);
}

void play_iteration(void)
{
    clients_iterate(1);
    if (server.conns.first != NULL)
        check_conn(server.conns.first);
}

void play_read(struct play *play, size_t max)
{
    if (play->client != NULL && !play->client->ended)
        client_take(play->client, max);
}

void play_shut_down(struct play *play)
{
    if (play->client != NULL && !play->shut_down)
        shutdown(play->client->socket, SHUT_WR);
    play->shut_down = true;
}

void play_leave(struct play *play)
{
    if (play->client == NULL)
        return;
    play->left_early = true;
    play->received = play->client->received;
    play->client->received = (struct buffer){0};
    client_close(play->client);
    play->client = NULL;
}

void play_complete(struct play *play)
{
    if (play->deferred == NULL)
        return;
    const struct http_response response = {
        .status = HTTP_OK, .fields = number, .body = SLICE("completed")};
    struct conn *conn = play->deferred;
    play->deferred = NULL;
    set_number(play->handled - 1);
    conn_complete(conn, &response);
}

void play_pass_time(struct play *play, int seconds)
{
    play->was_disturbed = true;
    fake_time_pass(seconds);
}

void play_stop_server(struct play *play)
{
    play->was_disturbed = true;
    if (!server.conns.stopping)
        conns_stop(&server.conns);
}

// All that happened so far, as a number that only grows.
static size_t events(const struct play *play)
{
    size_t received = play->client != NULL ? play->client->received.length : 0;
    return received + (size_t)play->handled;
}

static void settle(struct play *play)
{
    for (int quiet = 0; quiet < QUIET; quiet++) {
        size_t before = events(play);
        if (play->deferred != NULL)
            quiet = 0;
        play_complete(play);
        play_iteration();
        if (play->client != NULL)
            client_receive(play->client);
        if (events(play) > before)
            quiet = 0;
    }
}

// A socket is closed when its last descriptor is. Another process that lists
// our descriptors, as ss -p does, holds one for a moment.
static void wait_until_closed(void)
{
    for (int i = 0; server.conns.first != NULL && i < PATIENCE; i++)
        play_iteration();
}

// A client that read to the end got all that was sent.
static void check_metrics(const struct play *play)
{
    int64_t sent = metrics_get(METRIC_SENT_BYTES) - play->sent_before;
    if (play->client != NULL && !play->was_disturbed)
        ck_assert_int_eq(sent, (int64_t)play->client->received.length);
}

void play_finish(struct play *play)
{
    bool left_early = play->left_early;
    settle(play);
    check_metrics(play);
    play->was_closed = play->client != NULL && play->client->ended;
    play_leave(play);
    settle(play);
    wait_until_closed();
    play->left_early = left_early;
    ck_assert_ptr_null(server.conns.first);
    ck_assert_int_eq(server.conns.count, 0);
    ck_assert_int_eq(metrics_get(METRIC_OPEN_CONNECTIONS), 0);
}

void play_destroy(struct play *play)
{
    buffer_destroy(&play->sent);
    buffer_destroy(&play->received);
}
