#include "tests/unit/clients.h"
#include "lib/base/net.h"
#include "tests/unit/backend.h"
#include "tests/unit/iterations.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server server;
static struct iterations iterations;
static struct client *first;

void clients_init(http_handler *handle)
{
    enum { HOUR = 3600 * 1000 }; // in milliseconds
    signal(SIGPIPE, SIG_IGN);
    init_loop(&server.loop);
    conns_init(&server.conns, &server.loop, handle);
    server.conns.limits = http_limits_default;
    for (int state = 0; state < CONN_STATES; state++)
        server.conns.timeouts_ms[state] = HOUR;
    server.conns.timeouts_ms[CONN_DEFERRED] = -1;
    server.conns.shutdown_ms = HOUR;
    iterations_init(&iterations, &server.loop);
}

void clients_iterate(int count)
{
    iterations_run(&iterations, count);
}

void clients_run_for(int milliseconds)
{
    iterations_run_for(&iterations, milliseconds);
}

// A NUL follows the bytes, so that they are a string too.
static void append(struct client *client, struct slice bytes)
{
    buffer_add(&client->received, bytes);
    buffer_add(&client->received, (struct slice){"", 1});
    client->received.length--;
}

static void make_room(int socket, int option)
{
    static const int room = 256 * 1024; // in bytes
    ck_assert_int_eq(setsockopt(socket, SOL_SOCKET, option, &room, sizeof room),
                     0);
}

struct client *client_open(void)
{
    int ends[2];
    struct client *client = calloc(1, sizeof *client);
    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(net_set_nonblocking(ends[0]), 0);
    ck_assert_int_eq(net_set_nonblocking(ends[1]), 0);
    make_room(ends[0], SO_SNDBUF); // this decides on Linux,
    make_room(ends[1], SO_RCVBUF); // and this on macOS
    conn_open(&server.conns, ends[1]);
    *client = (struct client){
        .next = first, .conn = server.conns.first, .socket = ends[0]};
    append(client, (struct slice){"", 0});
    first = client;
    return client;
}

// With write(2): only the server calls send(2), so that a test can count it.
void client_send(const struct client *client, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);
    ck_assert_int_eq(write(client->socket, text, strlen(text)), length);
}

void client_shutdown(const struct client *client)
{
    ck_assert_int_eq(shutdown(client->socket, SHUT_WR), 0);
}

void client_close(struct client *client)
{
    struct client **link = &first;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    close(client->socket);
    buffer_destroy(&client->received);
    free(client);
}

void clients_destroy(void)
{
    while (first != NULL)
        client_close(first);
    clients_iterate(5);
    ck_assert_int_eq(server.conns.count, 0);
    conns_destroy(&server.conns);
    loop_destroy(&server.loop);
}

size_t client_take(struct client *client, size_t max)
{
    static char bytes[64 * 1024];
    size_t size = max < sizeof bytes ? max : sizeof bytes;
    ssize_t count = recv(client->socket, bytes, size, 0);
    if (count > 0)
        append(client, (struct slice){bytes, (size_t)count});
    else if (count == 0 || !net_would_block())
        client->ended = true;
    client->was_reset = count < 0 && client->ended;
    return count > 0 ? (size_t)count : 0;
}

void client_receive(struct client *client)
{
    while (!client->ended && client_take(client, SIZE_MAX) > 0)
        ;
}

static short on_arrival(void *context, short revents)
{
    struct client *client = context;
    size_t before = client->received.length;
    (void)revents;
    client_receive(client);
    if (client->received.length == before && !client->ended)
        return POLLIN;
    loop_stop(&server.loop);
    return LOOP_REMOVE;
}

// Nothing arrives between client_receive and loop_register: the server runs in
// this thread.
void client_wait(struct client *client)
{
    size_t before = client->received.length;
    client_receive(client);
    if (client->received.length > before || client->ended)
        return;
    ck_assert_int_eq(
        loop_register(&server.loop, client->socket, on_arrival, client), 0);
    ck_assert_int_eq(loop_run(&server.loop), 0);
}

void client_wait_for_end(struct client *client)
{
    while (!client->ended)
        client_wait(client);
}

static size_t body_length(const char *header)
{
    static const char field[] = "\r\nContent-Length: ";
    const char *found = strstr(header, field);
    return found != NULL ? strtoul(found + sizeof field - 1, NULL, 10) : 0;
}

// Appends "200 hello" or "200 hello (final)". Returns the length of the
// response; 0 when it is incomplete.
static size_t add_response(struct buffer *summary, struct slice bytes)
{
    char header[512]; // and some bytes after it
    snprintf(header, sizeof header, "%.*s", (int)sizeof header - 1,
             bytes.bytes);
    char *end = strstr(header, "\r\n\r\n");
    if (end == NULL)
        return 0;
    end[2] = '\0';
    bytes = slice_after(bytes, (size_t)(end + 4 - header));
    struct slice body = {bytes.bytes, body_length(header)};
    if (bytes.length < body.length)
        return 0;
    buffer_add_format(summary, "%.3s", header + sizeof "HTTP/1.1");
    buffer_add_text(summary, body.length > 0 ? " " : "");
    buffer_add(summary, body);
    if (strstr(header, "\r\nConnection: close\r\n") != NULL)
        buffer_add_text(summary, " (final)");
    return (size_t)(end + 4 - header) + body.length;
}

static void add_responses(struct buffer *summary, struct slice bytes)
{
    while (bytes.length > 0) {
        buffer_add_text(summary, summary->length > 0 ? ", " : "");
        size_t length = add_response(summary, bytes);
        if (length == 0) {
            buffer_add_text(summary, "incomplete");
            return;
        }
        bytes = slice_after(bytes, length);
    }
}

size_t client_held(const struct client *client)
{
    const struct pending *pending = client->conn->pending;
    return pending != NULL ? pending->in.size + pending->out.size : 0;
}

const char *client_responses(struct client *client)
{
    static struct buffer summary;
    client_receive(client);
    buffer_clear(&summary);
    add_responses(&summary, buffer_slice(&client->received));
    if (client->ended) {
        buffer_add_text(&summary, summary.length > 0 ? ", " : "");
        buffer_add_text(&summary, client->was_reset ? "reset" : "end");
    }
    buffer_add(&summary, (struct slice){"", 1});
    return summary.bytes;
}
