// What goes through a connection: bytes in, requests, answers, bytes out.

#include "stage2_async/conn_private.h"
#include "lib/service/respond.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"
#include "lib/base/trace.h"

#include <sys/socket.h>

// In bytes: after so many of its answers, the others have their turn. The body
// that a HEAD does not get counts too, because it was made all the same.
enum { TURN_ENOUGH = 64 * 1024 };
enum { OUT_KEPT = 1024 * 1024 }; // in bytes: more is not kept for the next turn

static void write_answer(struct conn *conn, struct buffer *out,
                         const struct http_response *response)
{
    bool keep_alive = conn->keep_alive && !conn->all->stopping;
    http_write_response(out, response, keep_alive, conn->is_head);
    trace_instant("reply", conn->client);
    metrics_count_request(response->status);
    conn->all->made += response->body.length;
    conn->last = !keep_alive;
}

// Returns how much the socket took. What it does not take now it will take
// when poll says so; asking again at once would only tell us the same.
static size_t send_some(struct conn *conn, struct slice bytes)
{
    if (bytes.length == 0)
        return 0;
    ssize_t sent = send(conn->client, bytes.bytes, bytes.length, 0);
    if (sent < 0) {
        if (!net_would_block())
            conn->over = true;
        return 0;
    }
    metrics_add(METRIC_SENT_BYTES, sent);
    conn->renewed = true;
    return (size_t)sent;
}

// Sends the answers that were just made, but not before those that are unsent.
// What the socket does not take has to wait.
static void send_answers(struct conn *conn)
{
    struct buffer *out = &conn->all->out;
    if (out->failed)
        conn->over = true;
    if (out->length > 0 && !conn->over) {
        size_t sent =
            conn_has_unsent(conn) ? 0 : send_some(conn, buffer_slice(out));
        struct slice unsent = slice_after(buffer_slice(out), sent);
        if (unsent.length > 0 && conn_rest_of(conn) != NULL)
            conn_keep(conn, &conn->rest->out, unsent);
    }
    buffer_clear(out);
    if (out->size > OUT_KEPT)
        buffer_destroy(out);
}

static void answer_request(struct conn *conn,
                           const struct http_request *request)
{
    struct http_response response = {.conn = conn};
    trace_instant("request", conn->client);
    conn->is_head = slice_is(request->method, "HEAD");
    conn->keep_alive = request->keep_alive;
    conn->hangs_up = !request->keep_alive;
    conn->all->handle(request, &response);
    conn->answering = response.deferred;
    if (!response.deferred)
        write_answer(conn, &conn->all->out, &response);
    buffer_destroy(&response.text);
}

static void start_over(struct conn *conn)
{
    conn->all->progress = (struct http_progress){0};
    conn->continued = false;
    conn->renewed = true;
}

// Nobody knows where a next request would begin, so this answer is the last.
static void answer_rejected_request(struct conn *conn,
                                    const struct http_request *request)
{
    struct http_response response = {0};
    conn->is_head = slice_is(request->method, "HEAD");
    conn->keep_alive = false;
    respond_rejected(&response, request);
    write_answer(conn, &conn->all->out, &response);
    buffer_destroy(&response.text);
}

// The client asked whether it may send the body (RFC 9110, 10.1.1).
static void ask_for_body(struct conn *conn, const struct http_request *request,
                         size_t received)
{
    if (!request->wants_continue || conn->continued ||
        received > conn->all->progress.header_length)
        return;
    conn->continued = true;
    buffer_add(&conn->all->out, http_continue);
}

// Answers the request at the start of `bytes`, and returns its length; 0 when
// it is not complete.
static size_t answer_next(struct conn *conn, char *bytes, size_t length)
{
    struct http_request request;
    switch (http_parse_request(bytes, length, &conn->all->limits,
                               &conn->all->progress, &request)) {
    case HTTP_PARSE_DONE:
        start_over(conn);
        answer_request(conn, &request);
        return request.length;
    case HTTP_PARSE_MORE:
        if (conn->all->progress.header_length > 0)
            ask_for_body(conn, &request, length);
        return 0;
    case HTTP_PARSE_REJECTED:
        answer_rejected_request(conn, &request);
        return length;
    }
    return 0;
}

static bool takes_requests(const struct conn *conn)
{
    return !conn->last && !conn->answering && !conn->over &&
           !conn_has_unsent(conn);
}

// Answers the requests in `bytes`, one after the other and all with one send.
// all->progress is that of the first one, and then that of the one left over.
// Returns how many bytes are done with.
static size_t answer_requests(struct conn *conn, char *bytes, size_t length)
{
    const struct conns *all = conn->all;
    size_t done = 0;
    conn->all->made = 0;
    conn->more = false;
    while (done < length && takes_requests(conn) && !conn->more) {
        size_t count = answer_next(conn, bytes + done, length - done);
        done += count;
        if (count == 0)
            break;
        conn->more =
            done < length && !conn->last &&
            (all->made >= TURN_ENOUGH || all->out.length >= TURN_ENOUGH);
    }
    send_answers(conn);
    return conn->last ? length : done;
}

void conn_answer_kept(struct conn *conn)
{
    struct slice kept = conn_unanswered(conn);
    if (kept.length == 0)
        return;
    struct conn_rest *rest = conn->rest;
    conn->all->progress = rest->progress;
    size_t done = answer_requests(conn, rest->in.bytes, kept.length);
    buffer_remove_front(&rest->in, done);
    rest->progress = conn->all->progress;
}

// Whatever came in whole is answered where it is. The rest is kept.
static void answer_received(struct conn *conn, size_t received)
{
    struct conns *all = conn->all;
    struct slice bytes = {all->in, received};
    bool is_continued = conn_unanswered(conn).length > 0;
    if (!is_continued) {
        all->progress = (struct http_progress){0};
        bytes = slice_after(bytes, answer_requests(conn, all->in, received));
    }
    if (bytes.length == 0 || conn_rest_of(conn) == NULL)
        return;
    conn_keep(conn, &conn->rest->in, bytes);
    if (is_continued)
        conn_answer_kept(conn);
    else
        conn->rest->progress = all->progress;
}

// Gives up on a request that did not arrive whole. It is read once more for its
// method, because the answer to a HEAD has no body (RFC 9110, 9.3.2).
void conn_give_up(struct conn *conn, enum http_status status,
                  const char *detail)
{
    struct conn_rest *rest = conn->rest;
    struct http_request request;
    http_parse_request(rest->in.bytes, rest->in.length, &conn->all->limits,
                       &rest->progress, &request);
    request.status = status;
    request.detail = detail;
    request.fault_offset = rest->in.length;
    answer_rejected_request(conn, &request);
    send_answers(conn);
    buffer_clear(&rest->in);
}

void conn_receive(struct conn *conn)
{
    ssize_t received = recv(conn->client, conn->all->in, CONN_RECEIVE_MAX, 0);
    if (received > 0) {
        metrics_add(METRIC_RECEIVED_BYTES, received);
        answer_received(conn, (size_t)received);
    } else if (received == 0 && conn_unanswered(conn).length > 0) {
        conn_give_up(conn, HTTP_BAD_REQUEST, "the request ended too early");
    } else if (received == 0 || !net_would_block()) {
        conn->over = true;
    }
}

void conn_write_on(struct conn *conn)
{
    if (conn_has_unsent(conn)) {
        struct buffer *out = &conn->rest->out;
        buffer_remove_front(out, send_some(conn, buffer_slice(out)));
    }
    if (!conn_has_unsent(conn))
        conn_answer_kept(conn);
}

void conn_throw_away(struct conn *conn)
{
    ssize_t received = recv(conn->client, conn->all->in, CONN_RECEIVE_MAX, 0);
    if (received == 0 || (received < 0 && !net_would_block()))
        conn->over = true;
}

void conn_complete(struct conn *conn, const struct http_response *response)
{
    conn->answering = false;
    write_answer(conn, &conn->all->out, response);
    send_answers(conn);
    // What else it asked is looked at in its turn. Waking takes the place of
    // its deadline.
    conn->renewed = true;
    loop_wake(conn->all->loop, conn->client);
}
