// What a connection owns while something is incomplete; how responses leave.

#include "lib/base/net.h"
#include "lib/base/trace.h"
#include "lib/service/metrics.h"
#include "stage2_async/conn_private.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { SEND_MAX = 128 * 1024 }; // in bytes for one send, then others are served

struct pending *conn_make_pending(struct conn *conn)
{
    if (conn->pending == NULL)
        conn->pending = calloc(1, sizeof *conn->pending);
    return conn->pending;
}

void conn_discard_pending(struct conn *conn, enum conn_state next)
{
    if (conn->pending == NULL ||
        (next == CONN_IDLE && conn->pending->in.length > 0)) // empty lines
        return;
    buffer_destroy(&conn->pending->in);
    buffer_destroy(&conn->pending->out);
    free(conn->pending);
    conn->pending = NULL;
}

void conn_add_response(struct conn *conn, struct buffer *out,
                       const struct http_response *response)
{
    conn->keep_alive = conn->keep_alive && !conn->conns->stopping;
    http_write_response(out, response, conn->keep_alive, conn->is_head);
    trace_instant("response", conn->socket);
    metrics_count_request(response->status);
}

// Returns how much the socket took, or -1: the connection is broken. There is
// no second try at once: poll tells when the socket takes more.
static ssize_t send_some(struct conn *conn, const struct buffer *out,
                         size_t start)
{
    size_t length = out->length - start;
    if (length == 0)
        return 0;
    ssize_t sent = send(conn->socket, out->bytes + start,
                        length < SEND_MAX ? length : SEND_MAX, 0);
    if (sent < 0)
        return net_would_block() ? 0 : -1;
    metrics_add(METRIC_SENT_BYTES, sent);
    return sent;
}

enum conn_state conn_send_then(struct conn *conn, enum conn_state next)
{
    struct buffer *out = &conn->conns->out;
    ssize_t sent = out->failed ? -1 : send_some(conn, out, 0);
    bool is_part = sent >= 0 && (size_t)sent < out->length;
    if (sent < 0 || (is_part && conn_make_pending(conn) == NULL))
        next = CONN_CLOSED;
    if (is_part && next != CONN_CLOSED) {
        next = CONN_SENDING;
        conn->pending->out = *out; // which was empty: a copy takes too long
        conn->pending->sent = (size_t)sent;
        *out = (struct buffer){0};
    }
    if (next == CONN_CLOSED)
        buffer_destroy(out); // it may be large
    buffer_clear(out);
    return next;
}

ssize_t conn_send_pending(struct conn *conn)
{
    struct pending *pending = conn->pending;
    ssize_t sent = send_some(conn, &pending->out, pending->sent);
    if (sent > 0)
        pending->sent += (size_t)sent;
    if (pending->sent == pending->out.length) {
        buffer_destroy(&pending->out);
        pending->sent = 0;
    }
    return sent;
}
