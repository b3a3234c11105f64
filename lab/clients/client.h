#ifndef THAW_LAB_CLIENTS_CLIENT_H
#define THAW_LAB_CLIENTS_CLIENT_H

// client.h - HTTP clients that measure, many at once on one thread
//
//     struct client client;
//     client_open(&client, port);
//     client_post(&client, "{...}");
//     if (client_wait(&client, 1000))
//         printf("%d after %.1f ms\n", client.status, client_ms(&client));
//     client_close(&client);
//
// No function waits longer than it is told to. A server that closes, resets or
// sends nonsense is an outcome of the experiment, not an error of the lab. If
// the system denies the lab a socket, that is noted as trouble (lab/trouble.h).

#include "lib/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct client {
    int socket;           // -1: closed, or never connected
    struct buffer out;    // not sent yet
    struct buffer in;     // received since the last request
    int64_t sent_at;      // in nanoseconds
    int64_t responded_at; // in nanoseconds; 0: no whole response yet
    int status;           // of that response; 0: none
    struct slice header;  // its status line and fields
    struct slice body;    // of that response, without chunks
    size_t length;        // of that response, in bytes received
    bool is_head;         // the request was HEAD: the response has no body
    bool ended;           // the server closed its side, or the connection broke
    bool was_reset;       // it broke
};

// Connects to 127.0.0.1. On failure `ended` is set, and the socket is -1. If
// the server's backlog is full, connecting goes on while the client waits; what
// it sends goes after that.
void client_open(struct client *client, int port);

// Like client_open, with a tiny receive buffer: a server soon has to wait until
// this client reads.
void client_open_narrow(struct client *client, int port);

// Like client_open, with the segments of an Ethernet: a server's send buffer is
// as small as for a client on a network, and not megabytes as on loopback.
void client_open_remote(struct client *client, int port);

// After a connect(2) that failed: it was the server. If not, the system denied
// the lab a port, memory or loopback.
bool client_error_is_servers(int error);

// False: the server's backlog has no room yet.
bool client_is_connected(const struct client *client);

// client_reset ends the connection with RST instead of FIN.
void client_reset(struct client *client);
void client_close(struct client *client);

// Sends FIN: no more bytes follow, but the response can still come.
void client_half_close(struct client *client);

// Sends bytes as they are, as many as go without waiting. The functions below
// that wait for a response send the others. Time starts now.
void client_send(struct client *client, struct slice bytes);

// Sends the pending bytes without reading. Returns whether all are sent.
bool client_flush(struct client *client, int milliseconds);

// Sends a whole request, after client_next. A NULL body sends none; client_post
// sends to "/".
void client_request(struct client *client, const char *method, const char *path,
                    const char *body);
void client_post(struct client *client, const char *body);

// Sends an event of this user.
void client_post_event(struct client *client, const char *user, int64_t amount);

// Discards the response and keeps the bytes after it: the next response may
// begin there.
void client_next(struct client *client);

// For a client that sends several requests: connects again, if the server
// closes its connection after the last response.
void client_reopen(struct client *client, int port);

// The status of the response that has begun to come, without reading it; 0:
// none came within PEEK_MS.
enum { PEEK_MS = 500 };
int client_peek_status(const struct client *client);

// Waits until the response is whole or the connection ended, but not longer.
// Returns whether there is a response.
bool client_wait(struct client *client, int milliseconds);

// The same for many at once. Returns how many have a response.
int clients_wait(struct client *clients, int count, int milliseconds);

// Waits until something came for one of them, but not longer.
void clients_wait_some(struct client *clients, int count, int milliseconds);

// Reads and discards until the server closes. False: it did not.
bool client_wait_end(struct client *client, int milliseconds);

// From the request to its response, in milliseconds; without one, INFINITY.
double client_ms(const struct client *client);

// Whether the body is exactly this text.
bool client_body_is(const struct client *client, const char *text);

// Opens the client, sends one request and waits for its response. The caller
// must close the client.
bool client_request_once(struct client *client, int port, const char *method,
                         const char *path, const char *body, int milliseconds);

// The value of a metric in GET /metrics: "thaw_events_done_total". -1: none.
// client_body_metric reads it from a response that the client has.
double client_metric(int port, const char *name);
double client_body_metric(const struct client *client, const char *name);

// Waits until a metric has at least this value. False: it never had.
bool client_wait_metric(int port, const char *name, double value,
                        int milliseconds);

// For client.c. Looks whether a whole response has come.
void client_take_response(struct client *client);

#endif
