#include "lab/clients/client.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void send_pending(struct client *client)
{
    if (client->ended || client->out.length == 0)
        return;
    ssize_t sent = send(client->socket, client->out.bytes, client->out.length,
                        MSG_NOSIGNAL);
    if (sent > 0)
        buffer_remove_front(&client->out, (size_t)sent);
    else if (!net_would_block() && errno != ENOTCONN) {
        client->was_reset = true;
        buffer_clear(&client->out); // a response may be there: read on
    }
}

// Waits for one of these descriptors until `end`, in milliseconds of the clock.
// False: the time is over, or the lab can't wait for that many.
static bool wait_until(struct pollfd *polled, int count, int64_t end)
{
    int64_t left = end - clock_milliseconds();
    if (left <= 0)
        return false;
    int ready = poll(polled, (nfds_t)count, (int)left);
    if (ready >= 0)
        return ready > 0;
    for (int i = 0; i < count; i++)
        polled[i].revents = 0;
    if (errno == EINTR || errno == EAGAIN)
        return true;
    trouble_note_errno("poll");
    return false;
}

void client_send(struct client *client, struct slice bytes)
{
    client->sent_at = clock_nanoseconds();
    buffer_add(&client->out, bytes);
    send_pending(client);
}

bool client_flush(struct client *client, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    while (client->out.length > 0 && !client->ended) {
        struct pollfd polled = {.fd = client->socket, .events = POLLOUT};
        if (!wait_until(&polled, 1, end))
            break;
        send_pending(client);
    }
    return client->out.length == 0;
}

void client_request(struct client *client, const char *method, const char *path,
                    const char *body)
{
    struct buffer request = {0};
    buffer_add_format(&request, "%s %s HTTP/1.1\r\nHost: lab\r\n", method,
                      path);
    if (body != NULL)
        buffer_add_format(&request, "Content-Length: %zu\r\n", strlen(body));
    buffer_add_format(&request, "\r\n%s", body != NULL ? body : "");
    client_next(client);
    client->is_head = strcmp(method, "HEAD") == 0;
    client_send(client, buffer_slice(&request));
    buffer_destroy(&request);
}

void client_post(struct client *client, const char *body)
{
    client_request(client, "POST", "/", body);
}

void client_post_event(struct client *client, const char *user, int64_t amount)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"user\": \"%s\", \"action\": \"buy\", \"amount\": %lld}", user,
             (long long)amount);
    client_post(client, body);
}

void client_next(struct client *client)
{
    if (client->status != 0)
        buffer_remove_front(&client->in, client->length);
    client->status = 0;
    client->responded_at = 0;
    client->is_head = false;
}

static void receive_some(struct client *client)
{
    char bytes[65536];
    ssize_t count = recv(client->socket, bytes, sizeof bytes, 0);
    if (count > 0)
        buffer_add(&client->in, (struct slice){bytes, (size_t)count});
    else if (count == 0 || !net_would_block())
        client->ended = true;
    if (count < 0 && client->ended)
        client->was_reset = true;
    if (client->in.failed) {
        trouble_note("the lab has no memory for a response");
        client->ended = true;
    }
    client_take_response(client);
}

static short wanted(const struct client *client)
{
    if (client->ended || client->status != 0)
        return 0;
    return client->out.length > 0 ? POLLIN | POLLOUT : POLLIN;
}

// Returns whether a client is still waiting.
static bool fill(struct pollfd *polled, const struct client *clients, int count)
{
    bool is_waiting = false;
    for (int i = 0; i < count; i++) {
        short events = wanted(&clients[i]);
        polled[i] = (struct pollfd){.fd = events != 0 ? clients[i].socket : -1,
                                    .events = events};
        is_waiting = is_waiting || events != 0;
    }
    return is_waiting;
}

// Waits once, and takes what has come. False: the time is over.
static bool wait_once(struct pollfd *polled, struct client *clients, int count,
                      int64_t end)
{
    if (!wait_until(polled, count, end))
        return false;
    for (int i = 0; i < count; i++) {
        if (polled[i].revents & POLLOUT)
            send_pending(&clients[i]);
        if (polled[i].revents & ~POLLOUT)
            receive_some(&clients[i]);
    }
    return true;
}

int clients_wait(struct client *clients, int count, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    struct pollfd *polled = calloc((size_t)count, sizeof *polled);
    if (polled == NULL)
        trouble_note_errno("calloc");
    for (int i = 0; i < count; i++)
        client_take_response(&clients[i]);
    while (polled != NULL && fill(polled, clients, count) &&
           wait_once(polled, clients, count, end))
        ;
    free(polled);
    int responses = 0;
    for (int i = 0; i < count; i++)
        responses += clients[i].status != 0;
    return responses;
}

void clients_wait_some(struct client *clients, int count, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    struct pollfd *polled = calloc((size_t)count, sizeof *polled);
    if (polled == NULL) {
        trouble_note_errno("calloc");
        return;
    }
    fill(polled, clients, count);
    wait_once(polled, clients, count, end);
    free(polled);
}

bool client_wait(struct client *client, int milliseconds)
{
    return clients_wait(client, 1, milliseconds) == 1;
}

bool client_wait_end(struct client *client, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    while (!client->ended) {
        struct pollfd polled = {.fd = client->socket, .events = POLLIN};
        if (!wait_until(&polled, 1, end))
            break;
        client_next(client);
        receive_some(client);
    }
    return client->ended;
}

double client_ms(const struct client *client)
{
    if (client->status == 0)
        return (double)INFINITY;
    return (double)(client->responded_at - client->sent_at) / 1e6;
}

bool client_body_is(const struct client *client, const char *text)
{
    return client->status != 0 && slice_is(client->body, text);
}

bool client_request_once(struct client *client, int port, const char *method,
                         const char *path, const char *body, int milliseconds)
{
    client_open(client, port);
    client_request(client, method, path, body);
    return client_wait(client, milliseconds);
}
