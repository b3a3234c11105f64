#ifndef THAW_STAGE2_ASYNC_CONN_H
#define THAW_STAGE2_ASYNC_CONN_H

// conn.h - one client's connection, from accept to close
//
//             +--------------------- all sent ------------------------+
//             v                                                       |
//     --> IDLE --> HEAD --> BODY --> [handler] --> (ANSWERING) --> WRITING
//                                                                     |
//                                     close <-- LINGERING <-- last ---+
//
// * A connection owns memory only while it is in the middle of something: a
//   request that arrives whole is answered out of a buffer that all share.
// * Requests may follow each other without waiting (pipelining). They are
//   answered in their order; the next one is looked at when the one before
//   has its answer.
// * The last answer says Connection: close. Then the server shuts down its own
//   side and reads on for a while: closing at once would reset the connection
//   if the client still sends, and destroy the answer on its way (RFC 9112,
//   section 9.6). Only a client that asked for the end is closed at once.
// * Everything here belongs to the loop's thread.

#include "lib/http/http_response.h"
#include "stage2_async/loop.h"

enum conn_state {
    CONN_IDLE,      // no byte of a request is here
    CONN_HEADER,    // some are
    CONN_BODY,      // the head is complete
    CONN_DEFERRED,  // the handler said: later
    CONN_SENDING,   // the client does not take the answer fast enough
    CONN_LINGERING, // the last answer is out
};

enum { CONN_RECEIVE_MAX = 64 * 1024 }; // in bytes, for one recv

// How long a connection may stay in a state, in milliseconds.
struct conn_timeouts {
    int idle;
    int head;  // for the whole head, from its first byte
    int body;  // for the whole body
    int write; // for a reader that takes nothing
    int linger;
    int stop; // for a request that is unfinished when the server stops
};

// What all connections of a server share.
struct conns {
    struct loop *loop;
    http_handler *handle;
    struct http_limits limits;
    struct conn_timeouts timeouts;
    struct conn *first;
    int count;
    bool stopping;
    int paused_listener;       // to be woken when a connection closes, or -1
    char in[CONN_RECEIVE_MAX]; // what was just received
    struct buffer out;         // the answers to it
    size_t made;               // of these, in bytes, unsent HEAD bodies too
    struct http_progress progress; // in the request that is looked at
};

void conns_init(struct conns *conns, struct loop *loop, http_handler *handle);
void conns_destroy(struct conns *conns);

// Takes over a connected, non-blocking socket. On failure it is closed.
void conn_open(struct conns *conns, int client);

// Brings the answer that a handler put off: `client` is what it found in its
// response. Every answer that is put off must be brought, once. The client may
// have left meanwhile; that does no harm.
void conn_complete(struct conn *conn, const struct http_response *response);

// Answers what is in flight, then closes all connections, and then stops the
// loop. Unfinished requests have timeouts.stop left.
void conns_stop(struct conns *conns);

#endif
