#ifndef THAW_STAGE2_ASYNC_CONN_PRIVATE_H
#define THAW_STAGE2_ASYNC_CONN_PRIVATE_H

// conn_private.h - what the files of conn.h share

#include "stage2_async/conn.h"

#include <sys/types.h>

// What a connection owns while something is incomplete.
struct pending {
    struct buffer in;              // received, and not served yet
    struct http_progress progress; // in the first request of `in`
    struct buffer out;             // responses that the socket did not take yet
    size_t sent;                   // of `out`, in bytes
};

struct conn {
    struct conns *conns;
    struct conn *previous, *next;
    struct pending *pending; // NULL: nothing is pending
    int socket;
    enum conn_state state : 8; // bits: so an idle connection takes 40 bytes
    bool is_head : 1;          // the current request's method is HEAD
    bool keep_alive : 1;       // another request may follow it
    bool client_closes : 1;    // the request asks to close
    bool deferred : 1;         // its response comes by conn_complete
};

// conn.c: the callback for the loop.
short conn_on_ready(void *context, short revents);

// conn_pending.c: memory for what is pending. NULL: there is none.
struct pending *conn_make_pending(struct conn *conn);
void conn_discard_pending(struct conn *conn, enum conn_state next);

// Writes a response, and counts it. The request of a deferred one is NULL.
void conn_add_response(struct conn *conn, struct buffer *out,
                       const struct http_request *request,
                       const struct http_response *response);

// Sends what was written into the scratch buffer. Returns `next`; SENDING, if
// the socket did not take all; or CLOSED, if that failed.
enum conn_state conn_send_then(struct conn *conn, enum conn_state next);

// Sends pending responses. Returns how many bytes went, or -1: broken.
ssize_t conn_send_pending(struct conn *conn);

// conns.c: closes the socket and frees the connection.
void conn_close(struct conn *conn);

#endif
