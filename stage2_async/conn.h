#ifndef THAW_STAGE2_ASYNC_CONN_H
#define THAW_STAGE2_ASYNC_CONN_H

// conn.h - one client's connection, from accept to close
//
//          +---------------------- all sent ---------------------+
//          v                                                     |
//     --> IDLE --> HEADER --> BODY --> RESPONDING --> SENDING ---+
//                                       |      ^         |
//                                       v      |         | final response
//                                       DEFERRED         v
//                                              LINGERING --> CLOSED
//
// * A connection owns buffers only while a request or a response is incomplete:
//   a request that arrives whole is served from a buffer that all share.
// * After the final response the server shuts down its own side and reads on
//   for a while: closing at once would reset the connection while the client
//   still sends, and destroy the response on its way (RFC 9112, section 9.6).
// * Everything here belongs to the loop's thread.

#include "lib/http/http_response.h"
#include "stage2_async/loop.h"

enum { CONN_RECEIVE_MAX = 64 * 1024 }; // in bytes, for one recv

enum conn_state {
    CONN_IDLE,       // no byte of a request is here
    CONN_HEADER,     // a header section is incomplete
    CONN_BODY,       // a body is incomplete
    CONN_RESPONDING, // more was received: serve it after other connections
    CONN_DEFERRED,   // skip until stage 4: a thread makes the response
    CONN_SENDING,    // responses are pending: large ones, or a slow reader
    CONN_LINGERING,  // the final response is sent
    CONN_CLOSED,     // broken, or done
};
enum { CONN_STATES = CONN_CLOSED + 1 };

// What all connections of a server share.
struct conns {
    struct loop *loop;
    http_handler *handle;
    struct http_limits limits;
    int timeouts_ms[CONN_STATES]; // for each state; -1: without end
    int shutdown_ms;              // for an incomplete request while stopping
    bool stopping;
    struct conn *first;
    int count;
    int paused_listener;       // to wake when a connection closes, or -1
    char in[CONN_RECEIVE_MAX]; // scratch memory, unused between callbacks
    struct buffer out;         // the same, for responses
};

// Limits and time-outs must be set, before or after this.
void conns_init(struct conns *conns, struct loop *loop, http_handler *handle);
void conns_destroy(struct conns *conns);

// Takes over a connected, non-blocking socket. On failure it is closed.
void conn_open(struct conns *conns, int client);

// Skip this until stage 4. Completes a deferred response: `conn` is what the
// handler found in its response. Each deferred response must be completed once.
// That the client has left meanwhile does no harm.
void conn_complete(struct conn *conn, const struct http_response *response);

// Each connection responds to its current request, which has shutdown_ms left
// if it is incomplete, and closes. Then the loop stops. Returns how many do so.
int conns_stop(struct conns *conns);

#endif
