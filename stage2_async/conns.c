// All connections of a server: how they begin, and how they end.

#include "lib/service/observe.h"
#include "stage2_async/conn_private.h"

#include <assert.h>
#include <stdlib.h>
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

void conn_close(struct conn *conn)
{
    struct conns *conns = conn->conns;
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        conns->first = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    observe_disconnected(conn->socket);
    close(conn->socket);
    free(conn);
    conns->count--;
    if (conns->paused_listener >= 0)
        loop_wake(conns->loop, conns->paused_listener);
    else if (conns->stopping && conns->count == 0)
        loop_stop(conns->loop);
}

void conn_open(struct conns *conns, int client)
{
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        close(client);
        return;
    }
    conn->conns = conns;
    conn->socket = client;
    conn->keep_alive = true; // until a request says something else
    conn->next = conns->first;
    if (conn->next != NULL)
        conn->next->previous = conn;
    conns->first = conn;
    conns->count++;
    observe_connected(client);
    if (loop_register(conns->loop, client, conn_on_ready, conn) < 0)
        conn_close(conn);
}

int conns_stop(struct conns *conns)
{
    int *ms = conns->timeouts_ms;
    int busy = 0;
    conns->stopping = true;
    for (int state = CONN_HEADER; state <= CONN_BODY; state++)
        if (ms[state] > conns->shutdown_ms)
            ms[state] = conns->shutdown_ms;
    for (struct conn *conn = conns->first; conn != NULL; conn = conn->next) {
        loop_set_deadline(conns->loop, conn->socket, ms[conn->state]);
        loop_wake(conns->loop, conn->socket);
        busy += conn->state != CONN_IDLE && conn->state < CONN_LINGERING;
    }
    if (conns->count == 0)
        loop_stop(conns->loop);
    return busy;
}
