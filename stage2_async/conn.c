// The states of a connection, and its deadlines. What goes through it is in
// conn_exchange.c.

#include "stage2_async/conn.h"
#include "lib/service/metrics.h"
#include "lib/base/net.h"
#include "lib/base/trace.h"
#include "stage2_async/conn_private.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void conns_init(struct conns *conns, struct loop *loop, http_handler *handle)
{
    conns->loop = loop;
    conns->handle = handle;
    conns->first = NULL;
    conns->count = 0;
    conns->stopping = false;
    conns->paused_listener = -1;
    conns->out = (struct buffer){0};
}

void conns_destroy(struct conns *conns)
{
    assert(conns->first == NULL);
    buffer_destroy(&conns->out);
}

static void close_conn(struct conn *conn)
{
    struct conns *all = conn->all;
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        all->first = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    trace_instant("close", conn->client);
    close(conn->client);
    conn_drop_rest(conn);
    free(conn);
    all->count--;
    metrics_add(METRIC_OPEN_CONNECTIONS, -1);
    if (all->paused_listener >= 0)
        loop_wake(all->loop, all->paused_listener);
    else if (all->stopping && all->count == 0)
        loop_stop(all->loop);
}

// The state follows from what there is to do, and so can't contradict it.
static enum conn_state state_of(const struct conn *conn)
{
    if (conn_has_unsent(conn))
        return CONN_SENDING;
    if (conn->last)
        return CONN_LINGERING;
    if (conn->answering)
        return CONN_DEFERRED;
    if (conn_unanswered(conn).length == 0)
        return CONN_IDLE;
    return conn->rest->progress.header_length == 0 ? CONN_HEADER : CONN_BODY;
}

static short wanted_events(enum conn_state state)
{
    switch (state) {
    case CONN_IDLE:
    case CONN_HEADER:
    case CONN_BODY:
    case CONN_LINGERING:
        return POLLIN;
    case CONN_SENDING:
        return POLLOUT;
    case CONN_DEFERRED:
        // Not even for the end of the connection: the work goes on anyway.
        return LOOP_NOTHING;
    }
    return LOOP_NOTHING;
}

static int timeout_in(enum conn_state state, const struct conn_timeouts *after)
{
    switch (state) {
    case CONN_IDLE:
        return after->idle;
    case CONN_HEADER:
        return after->head;
    case CONN_BODY:
        return after->body;
    case CONN_SENDING:
        return after->write;
    case CONN_LINGERING:
        return after->linger;
    case CONN_DEFERRED:
        return -1;
    }
    return -1;
}

static void go_on(struct conn *conn)
{
    switch (conn->state) {
    case CONN_IDLE:
    case CONN_HEADER:
    case CONN_BODY:
        if (conn->more)
            conn_answer_kept(conn);
        else
            conn_receive(conn);
        break;
    case CONN_DEFERRED:
    case CONN_SENDING:
        conn_write_on(conn);
        break;
    case CONN_LINGERING:
        conn_throw_away(conn);
        break;
    }
}

static void time_out(struct conn *conn)
{
    switch (conn->state) {
    case CONN_IDLE:
        conn->last = true;
        break;
    case CONN_HEADER:
        conn_give_up(conn, HTTP_REQUEST_TIMEOUT, "the head took too long");
        break;
    case CONN_BODY:
        conn_give_up(conn, HTTP_REQUEST_TIMEOUT, "the body took too long");
        break;
    case CONN_SENDING:
        // Poll(2) says that there is room when there is much. Who took less
        // than that took something (Linux waits for a third of the buffer).
        conn_write_on(conn);
        if (!conn->renewed)
            conn->over = true;
        break;
    case CONN_LINGERING:
        conn->over = true;
        break;
    case CONN_DEFERRED:
        break;
    }
}

static void enter(struct conn *conn, enum conn_state state)
{
    const struct conn_timeouts *after = &conn->all->timeouts;
    int timeout = timeout_in(state, after);
    if (conn->all->stopping && (state == CONN_HEADER || state == CONN_BODY))
        timeout = timeout < after->stop ? timeout : after->stop;
    if (state == CONN_LINGERING && conn->state != CONN_LINGERING)
        shutdown(conn->client, SHUT_WR);
    loop_set_deadline(conn->all->loop, conn->client, timeout);
    conn->state = state;
    conn->renewed = false;
}

// Somebody may still hold this connection as the client of an answer to come.
// Its bytes are of no use to anybody.
static short close_unless_answering(struct conn *conn)
{
    conn_drop_rest(conn);
    if (conn->answering)
        return LOOP_NOTHING;
    close_conn(conn);
    return LOOP_REMOVE;
}

// A client that asked for the end must send no more (RFC 9112, 9.6). If it has
// not, nothing resets the connection, and there is nothing to linger for.
static bool is_finished(const struct conn *conn)
{
    return conn->hangs_up && state_of(conn) == CONN_LINGERING &&
           !net_has_more(conn->client);
}

static short on_ready(void *context, short revents)
{
    struct conn *conn = context;
    if (!conn->over && revents == 0)
        time_out(conn);
    else if (!conn->over)
        go_on(conn);
    conn_let_go(conn);
    if (conn->over || is_finished(conn))
        return close_unless_answering(conn);
    if (conn->all->stopping && state_of(conn) == CONN_IDLE)
        conn->last = true;
    enum conn_state state = state_of(conn);
    if (state != conn->state || conn->renewed)
        enter(conn, state);
    if (conn->more && state != CONN_SENDING) {
        // Nothing is received meanwhile, so that `in` stays small.
        loop_wake(conn->all->loop, conn->client);
        conn->renewed = true;
        return LOOP_NOTHING;
    }
    return wanted_events(state);
}

void conn_open(struct conns *conns, int client)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(client);
        return;
    }
    conn->all = conns;
    conn->client = client;
    conn->renewed = true;
    conn->next = conns->first;
    if (conn->next != NULL)
        conn->next->previous = conn;
    conns->first = conn;
    conns->count++;
    trace_instant("accept", client);
    metrics_add(METRIC_CONNECTIONS, 1);
    metrics_add(METRIC_OPEN_CONNECTIONS, 1);
    if (loop_register(conns->loop, client, on_ready, conn) < 0)
        close_conn(conn);
}

void conns_stop(struct conns *conns)
{
    conns->stopping = true;
    for (struct conn *conn = conns->first; conn != NULL; conn = conn->next) {
        conn->renewed = true;
        loop_wake(conns->loop, conn->client);
    }
    if (conns->count == 0)
        loop_stop(conns->loop);
}
