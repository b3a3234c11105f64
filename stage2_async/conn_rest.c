// What a connection holds while it is in the middle of something, and only
// then.

#include "stage2_async/conn_private.h"

#include <stdlib.h>

struct conn_rest *conn_rest_of(struct conn *conn)
{
    if (conn->rest == NULL)
        conn->rest = calloc(1, sizeof *conn->rest);
    if (conn->rest == NULL)
        conn->over = true;
    return conn->rest;
}

struct slice conn_unanswered(const struct conn *conn)
{
    return conn->rest != NULL ? buffer_slice(&conn->rest->in)
                              : (struct slice){NULL, 0};
}

bool conn_has_unsent(const struct conn *conn)
{
    return conn->rest != NULL && conn->rest->out.length > 0;
}

void conn_keep(struct conn *conn, struct buffer *buffer, struct slice bytes)
{
    buffer_add(buffer, bytes);
    if (buffer->failed)
        conn->over = true;
}

void conn_drop_rest(struct conn *conn)
{
    if (conn->rest == NULL)
        return;
    buffer_destroy(&conn->rest->in);
    buffer_destroy(&conn->rest->out);
    free(conn->rest);
    conn->rest = NULL;
}

void conn_let_go(struct conn *conn)
{
    struct conn_rest *rest = conn->rest;
    if (rest == NULL)
        return;
    if (rest->in.length == 0)
        buffer_destroy(&rest->in);
    if (rest->out.length == 0)
        buffer_destroy(&rest->out);
    if (rest->in.length == 0 && rest->out.length == 0)
        conn_drop_rest(conn);
}
