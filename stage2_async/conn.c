// The life of a request, from its bytes to its response:
//
//     conn_on_ready --> receive --> serve_requests --> serve --> the handler
//                                          |
//                                          +--> end_batch --> conn_send_then
//
// Each function goes as far as it can without blocking, and returns the state
// that the connection is in then.

#include "lib/base/net.h"
#include "lib/base/trace.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"
#include "stage2_async/conn_private.h"

#include <sys/socket.h>

enum { BATCH_MAX = 64 * 1024 }; // in bytes of responses; then others are served

// Requests that are here together, and how far they are served.
struct batch {
    char *bytes;
    size_t length;                 // in bytes
    size_t served;                 // of these
    struct http_progress progress; // in the request that comes next
    size_t made;     // bytes of bodies; making HEAD's takes time, too
    bool is_pending; // its bytes are pending->in
};

// Where a request leads when its response is sent. RESPONDING: to the next one.
static enum conn_state after_request(const struct conn *conn)
{
    if (conn->deferred)
        return CONN_DEFERRED;
    return conn->keep_alive ? CONN_RESPONDING : CONN_LINGERING;
}

static enum conn_state serve(struct conn *conn, struct batch *batch,
                             const struct http_request *request)
{
    struct http_response response = {.conn = conn,
                                     .since = conn->conns->loop->ready_at};
    trace_instant("request", conn->socket);
    conn->keep_alive = request->keep_alive;
    conn->client_closes = !request->keep_alive;
    conn->conns->handle(request, &response);
    conn->deferred = response.deferred;
    if (!response.deferred)
        conn_add_response(conn, &conn->conns->out, request, &response);
    batch->made += response.body.length;
    batch->served += request->length;
    batch->progress = (struct http_progress){0};
    buffer_destroy(&response.text);
    conn->state = CONN_RESPONDING; // so `enter` starts a new deadline
    return after_request(conn);
}

// With Expect: 100-continue, a client asks whether to send its body (RFC 9110,
// section 10.1.1). It is told so once, if no byte of the body is here yet.
static enum conn_state await_more(struct conn *conn, const struct batch *batch,
                                  const struct http_request *request,
                                  bool is_new_header)
{
    size_t header_length = batch->progress.header_length;
    if (header_length == 0)
        return CONN_HEADER;
    if (request->wants_continue && is_new_header &&
        batch->served + header_length == batch->length)
        buffer_add(&conn->conns->out, http_continue);
    return CONN_BODY;
}

// Where the next request would begin is unknown, so this is the final response.
static enum conn_state reject(struct conn *conn,
                              const struct http_request *request)
{
    struct http_response response = {.since = conn->conns->loop->ready_at};
    conn->keep_alive = false;
    respond_rejected(&response, request);
    conn_add_response(conn, &conn->conns->out, request, &response);
    buffer_destroy(&response.text);
    return CONN_LINGERING;
}

// What is not served is pending, but after the final response it is discarded.
static enum conn_state end_batch(struct conn *conn, const struct batch *batch,
                                 enum conn_state next)
{
    size_t served = next == CONN_LINGERING ? batch->length : batch->served;
    struct slice unserved = {batch->bytes + served, batch->length - served};
    if (next <= CONN_RESPONDING && !http_has_begun(unserved))
        next = CONN_IDLE;
    if (batch->is_pending)
        buffer_remove_front(&conn->pending->in, served);
    else if (unserved.length > 0 && conn_make_pending(conn) != NULL)
        buffer_add(&conn->pending->in, unserved);
    if (conn->pending != NULL)
        conn->pending->progress = batch->progress;
    if (unserved.length > 0 &&
        (conn->pending == NULL || conn->pending->in.failed))
        next = CONN_CLOSED; // no memory
    return conn_send_then(conn, next);
}

// Serves the requests one by one, and sends their responses together.
static enum conn_state serve_requests(struct conn *conn, struct batch *batch)
{
    const struct conns *conns = conn->conns;
    enum conn_state next = CONN_RESPONDING;
    while (next == CONN_RESPONDING && batch->served < batch->length &&
           batch->made < BATCH_MAX && conns->out.length < BATCH_MAX) {
        struct http_request request;
        bool is_new_header = batch->progress.header_length == 0;
        enum http_parse result = http_parse_request(
            batch->bytes + batch->served, batch->length - batch->served,
            &conns->limits, &batch->progress, &request);
        conn->is_head = slice_is(request.method, "HEAD");
        switch (result) {
        case HTTP_PARSE_DONE:
            next = serve(conn, batch, &request);
            break;
        case HTTP_PARSE_MORE:
            next = await_more(conn, batch, &request, is_new_header);
            break;
        case HTTP_PARSE_REJECTED:
            next = reject(conn, &request);
            break;
        }
    }
    return end_batch(conn, batch, next);
}

static enum conn_state serve_pending(struct conn *conn)
{
    const struct pending *pending = conn->pending;
    if (pending == NULL || pending->in.length == 0)
        return CONN_IDLE;
    struct batch batch = {.bytes = pending->in.bytes,
                          .length = pending->in.length,
                          .progress = pending->progress,
                          .is_pending = true};
    return serve_requests(conn, &batch);
}

// For a request that will never be complete.
static enum conn_state reject_incomplete(struct conn *conn,
                                         enum http_status status,
                                         const char *detail)
{
    struct buffer *in = &conn->pending->in;
    struct http_request request = {
        .status = status, .detail = detail, .fault_offset = in->length};
    buffer_clear(in);
    return conn_send_then(conn, reject(conn, &request));
}

// A request that arrives whole is served where it is, without a copy.
static enum conn_state receive(struct conn *conn)
{
    char *in = conn->conns->in;
    ssize_t received = recv(conn->socket, in, CONN_RECEIVE_MAX, 0);
    if (received < 0)
        return net_would_block() ? conn->state : CONN_CLOSED;
    if (received == 0 && conn->state == CONN_IDLE)
        return CONN_CLOSED;
    if (received == 0)
        return reject_incomplete(conn, HTTP_BAD_REQUEST,
                                 "the request ended too early");
    metrics_add(METRIC_RECEIVED_BYTES, received);
    struct batch batch = {.bytes = in, .length = (size_t)received};
    if (conn->pending == NULL)
        return serve_requests(conn, &batch);
    buffer_add(&conn->pending->in, (struct slice){in, (size_t)received});
    return conn->pending->in.failed ? CONN_CLOSED : serve_pending(conn);
}

// Sends pending responses, then serves pending requests. `stalled` is the state
// if the client takes nothing.
static enum conn_state go_on_sending(struct conn *conn, enum conn_state stalled)
{
    ssize_t sent = conn_send_pending(conn);
    if (sent <= 0)
        return sent < 0 ? CONN_CLOSED : stalled;
    conn->state = CONN_RESPONDING; // so `enter` starts a new deadline
    if (conn->pending->out.length > 0)
        return CONN_SENDING;
    enum conn_state next = after_request(conn);
    return next == CONN_RESPONDING ? serve_pending(conn) : next;
}

static enum conn_state discard_received(struct conn *conn)
{
    ssize_t received = recv(conn->socket, conn->conns->in, CONN_RECEIVE_MAX, 0);
    bool goes_on = received > 0 || (received < 0 && net_would_block());
    return goes_on ? CONN_LINGERING : CONN_CLOSED;
}

static enum conn_state time_out(struct conn *conn)
{
    switch (conn->state) {
    case CONN_IDLE:
        return CONN_LINGERING;
    case CONN_HEADER:
    case CONN_BODY:
        return reject_incomplete(conn, HTTP_REQUEST_TIMEOUT,
                                 conn->state == CONN_HEADER
                                     ? "the header section took too long"
                                     : "the body took too long");
    case CONN_SENDING:
        // Linux reports POLLOUT when a third of the buffer is free: a client
        // that took less than that took something.
        return go_on_sending(conn, CONN_CLOSED);
    case CONN_RESPONDING:
    case CONN_DEFERRED: // these two have no deadline
    case CONN_LINGERING:
    case CONN_CLOSED:
        break;
    }
    return CONN_CLOSED;
}

// RESPONDING and DEFERRED wait for loop_wake alone, and not even for the
// client's end: the work goes on nevertheless.
static const short wanted_events[CONN_STATES] = {
    [CONN_IDLE] = POLLIN,     [CONN_HEADER] = POLLIN,    [CONN_BODY] = POLLIN,
    [CONN_SENDING] = POLLOUT, [CONN_LINGERING] = POLLIN,
};

// Returns what the connection waits for in its new state.
static short enter(struct conn *conn, enum conn_state next)
{
    const struct conns *conns = conn->conns;
    if (next == CONN_IDLE && conns->stopping)
        next = CONN_LINGERING;
    // After Connection: close the client sends no more (RFC 9112, section 9.6).
    // If no unread bytes are here, closing causes no reset.
    if (next == CONN_LINGERING && conn->client_closes &&
        !net_has_more(conn->socket))
        next = CONN_CLOSED;
    if (next == CONN_LINGERING && conn->state != CONN_LINGERING)
        shutdown(conn->socket, SHUT_WR);
    if (next == CONN_IDLE || next == CONN_LINGERING || next == CONN_CLOSED)
        conn_discard_pending(conn, next);
    if (next != conn->state || next == CONN_IDLE) // a new connection is IDLE
        loop_set_deadline(conns->loop, conn->socket, conns->timeouts_ms[next]);
    conn->state = next;
    if (next == CONN_RESPONDING)
        loop_wake(conns->loop, conn->socket);
    if (next != CONN_CLOSED || conn->deferred)
        return wanted_events[next];
    conn_close(conn);
    return LOOP_REMOVE;
}

short conn_on_ready(void *context, short revents)
{
    struct conn *conn = context;
    if (revents == 0)
        return enter(conn, time_out(conn));
    switch (conn->state) {
    case CONN_IDLE:
    case CONN_HEADER:
    case CONN_BODY:
        return enter(conn, receive(conn));
    case CONN_RESPONDING:
        return enter(conn, serve_pending(conn));
    case CONN_SENDING:
        return enter(conn, go_on_sending(conn, CONN_SENDING));
    case CONN_DEFERRED:
        return enter(conn, conn->deferred ? CONN_DEFERRED
                                          : go_on_sending(conn, CONN_SENDING));
    case CONN_LINGERING:
        return enter(conn, discard_received(conn));
    case CONN_CLOSED:
        break;
    }
    return enter(conn, CONN_CLOSED);
}

void conn_complete(struct conn *conn, const struct http_response *response)
{
    struct pending *pending = conn_make_pending(conn);
    conn->deferred = false;
    if (pending != NULL && conn->state != CONN_CLOSED)
        conn_add_response(conn, &pending->out, NULL, response);
    if (pending == NULL || pending->out.failed)
        conn->state = CONN_CLOSED;
    loop_wake(conn->conns->loop, conn->socket);
}
