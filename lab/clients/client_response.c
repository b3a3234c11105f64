// Finds a response in the bytes that came, and a metric in a response.

#include "lab/clients/client.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

// What follows `what` in the text, in any case. NULL: it is not there.
static const char *find(struct slice text, const char *what)
{
    size_t length = strlen(what);
    for (size_t i = 0; i + length <= text.length; i++)
        if (strncasecmp(text.bytes + i, what, length) == 0)
            return text.bytes + i + length;
    return NULL;
}

static bool field_is(struct slice header, const char *name, const char *value)
{
    const char *found = find(header, name);
    if (found == NULL)
        return false;
    struct slice line = slice_after(header, (size_t)(found - header.bytes));
    for (size_t i = 0; i < line.length; i++)
        if (line.bytes[i] == '\r')
            line.length = i;
    return find(line, value) != NULL;
}

// Decodes chunks from `from` to the start of `body`. Returns how many bytes
// they took, 0: not all came yet. With a NULL body it only looks.
static size_t take_chunks(struct slice from, char *body, size_t *length)
{
    size_t at = 0;
    *length = 0;
    while (true) {
        struct slice left = slice_after(from, at);
        const char *data = find(left, "\r\n");
        if (data == NULL)
            return 0;
        size_t size = (size_t)strtoul(left.bytes, NULL, 16);
        at = (size_t)(data - from.bytes);
        if (size == 0)
            break;
        if (size > from.length - at)
            return 0;
        if (body != NULL)
            memmove(body + *length, from.bytes + at, size);
        *length += size;
        at += size + strlen("\r\n");
        if (at > from.length)
            return 0;
    }
    // Trailers, and an empty line.
    struct slice left = slice_after(from, at - strlen("\r\n"));
    const char *end = find(left, "\r\n\r\n");
    return end != NULL ? (size_t)(end - from.bytes) : 0;
}

static bool has_no_body(const struct client *client, int status)
{
    return client->is_head || status < 200 || status == 204 || status == 304;
}

// With a length, in chunks, or until the server closes (RFC 9112, 6.3).
static bool take_body(struct client *client, struct slice from, int status)
{
    const char *length = find(client->header, "\r\ncontent-length:");
    client->body = (struct slice){from.bytes, 0};
    client->length = client->header.length;
    if (has_no_body(client, status))
        return true;
    if (field_is(client->header, "\r\ntransfer-encoding:", "chunked")) {
        char *body = client->in.bytes + client->header.length;
        size_t used = take_chunks(from, NULL, &client->body.length);
        if (used > 0)
            take_chunks(from, body, &client->body.length);
        client->length += used;
        return used > 0;
    }
    client->body.length =
        length != NULL ? (size_t)strtoul(length, NULL, 10) : from.length;
    client->length += client->body.length;
    return length != NULL ? from.length >= client->body.length : client->ended;
}

void client_take_response(struct client *client)
{
    struct slice received = buffer_slice(&client->in);
    const char *end = find(received, "\r\n\r\n");
    if (client->status != 0 || end == NULL ||
        !slice_starts_with(received, "HTTP/") ||
        received.length < strlen("HTTP/1.1 200"))
        return;
    int status = (int)strtol(client->in.bytes + strlen("HTTP/1.1 "), NULL, 10);
    client->header =
        (struct slice){received.bytes, (size_t)(end - received.bytes)};
    if (!take_body(client, slice_after(received, client->header.length),
                   status))
        return;
    client->status = status;
    client->responded_at = clock_nanoseconds();
}

// Whether the server closes after the response that came.
static bool is_closed(const struct client *client)
{
    return client->ended ||
           (client->status != 0 &&
            (slice_starts_with(client->header, "HTTP/1.0") ||
             field_is(client->header, "\r\nconnection:", "close")));
}

void client_reopen(struct client *client, int port)
{
    if (!is_closed(client))
        return;
    client_close(client);
    client_open(client, port);
}

int client_peek_status(const struct client *client)
{
    static const char start[] = "HTTP/1.1 200";
    char bytes[sizeof start] = "";
    struct pollfd polled = {.fd = client->socket, .events = POLLIN};
    if (poll(&polled, 1, PEEK_MS) <= 0 ||
        recv(client->socket, bytes, sizeof start - 1, MSG_PEEK) < 12)
        return 0;
    return (int)strtol(bytes + strlen("HTTP/1.1 "), NULL, 10);
}

double client_body_metric(const struct client *client, const char *name)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *number = client->status != 0 ? find(client->body, line) : NULL;
    return number != NULL ? strtod(number, NULL) : -1;
}

double client_metric(int port, const char *name)
{
    struct client client;
    client_request_once(&client, port, "GET", "/metrics", NULL, 10000);
    double value = client_body_metric(&client, name);
    client_close(&client);
    return value;
}

bool client_wait_metric(int port, const char *name, double value,
                        int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    while (client_metric(port, name) < value) {
        if (clock_milliseconds() >= end)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}
