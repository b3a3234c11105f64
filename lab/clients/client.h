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
// Nothing waits longer than it is told to. A server that closes, resets or says
// nonsense is an outcome, not an error of ours.

#include "lib/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct client {
    int socket;           // -1: closed, or never connected
    struct buffer out;    // not sent yet
    struct buffer in;     // received since the last question
    int64_t sent_at;      // in nanoseconds
    int64_t responded_at; // in nanoseconds; 0: no whole answer yet
    int status;           // of that answer; 0: none
    struct slice head;    // of that answer
    struct slice body;    // of that answer
    bool is_head;         // it answers HEAD, so it has no body
    bool ended;           // the server closed its side, or the connection broke
    bool was_reset;       // it broke: that was no polite end
};

// Raises the limit of descriptors as far as we may, and says how many can be
// open. Servers that are started later inherit it.
int clients_raise_limit(void);

// Connects to 127.0.0.1. On failure `ended` is set, and the socket is -1.
void client_open(struct client *client, int port);

// Like client_open, with room for so few bytes that a server soon has to wait
// for us to read.
void client_open_narrow(struct client *client, int port);

// A rude end: the connection is reset (RST), not closed.
void client_reset(struct client *client);
void client_close(struct client *client);

// No more will be sent (FIN); the answer can still come.
void client_half_close(struct client *client);

// Sends bytes as they are, as far as they go without waiting; the rest goes
// while somebody waits for the answer. Time starts now.
void client_send(struct client *client, struct slice bytes);

// Sends on what did not go yet, without reading. Returns whether all went.
bool client_flush(struct client *client, int milliseconds);

// Asks with a whole request. An earlier answer is forgotten. A NULL body sends
// none; client_post sends to "/".
void client_request(struct client *client, const char *method, const char *path,
                    const char *body);
void client_post(struct client *client, const char *body);

// Sends an event of this user.
void client_post_event(struct client *client, const char *user, int64_t amount);

// Forgets the answer and keeps what came behind it, which may be the next one.
void client_next(struct client *client);

// Waits until the answer is whole or the connection ended, but not longer.
// Returns whether there is an answer.
bool client_wait(struct client *client, int milliseconds);

// The same for many at once. Returns how many have an answer.
int clients_wait(struct client *clients, int count, int milliseconds);

// Reads, and forgets, until the server closes. False: it did not.
bool client_wait_end(struct client *client, int milliseconds);

// From the question to its answer, in milliseconds.
double client_ms(const struct client *client);

// Whether the body is just this.
bool client_body_is(const struct client *client, const char *text);

// Asks once, on a connection of its own. The client must be closed.
bool client_request_once(struct client *client, int port, const char *method,
                         const char *path, const char *body, int milliseconds);

// A number out of GET /metrics: "thaw_events_done_total". -1: not there.
double client_metric(int port, const char *name);

// Waits until a metric has at least this value. False: it did not come.
bool client_wait_metric(int port, const char *name, double value,
                        int milliseconds);

#endif
