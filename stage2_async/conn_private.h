#ifndef THAW_STAGE2_ASYNC_CONN_PRIVATE_H
#define THAW_STAGE2_ASYNC_CONN_PRIVATE_H

// conn_private.h - what the files of conn.h share, and nobody else
//
// The functions go as far as they can without waiting. They set `over` when
// the connection is to be closed, and leave the closing to conn.c.

#include "stage2_async/conn.h"

// What a connection holds while it is in the middle of something. Then at least
// one of the buffers is not empty.
struct conn_rest {
    struct buffer in;              // what was received and has no answer yet
    struct buffer out;             // answers that the socket did not take yet
    struct http_progress progress; // in the first request of `in`
};

struct conn {
    struct conns *all;
    struct conn *previous, *next;
    int client;
    enum conn_state state;
    bool answering;  // the handler said: later
    bool is_head;    // that request's method was HEAD
    bool keep_alive; // and it wants to be followed by another
    bool continued;  // the unfinished request was told to continue
    bool last;       // no answer follows what was written
    bool hangs_up;   // the client asked for the end: it must send no more
    bool more;       // requests are in `in`: go on with them in the next turn
    bool over;       // close it now
    bool renewed;    // there was progress: its deadline starts anew
    struct conn_rest *rest; // NULL while there is none
};

// conn_rest.c: the rest, which is made where there is none. NULL: there is no
// memory for it.
struct conn_rest *conn_rest_of(struct conn *conn);

// What was received and has no answer yet; whether there are unsent answers.
struct slice conn_unanswered(const struct conn *conn);
bool conn_has_unsent(const struct conn *conn);

// Appends to one of the two buffers of the rest.
void conn_keep(struct conn *conn, struct buffer *buffer, struct slice bytes);

// Gives back the memory of what is done, or all of it.
void conn_let_go(struct conn *conn);
void conn_drop_rest(struct conn *conn);

// conn_exchange.c. Takes in what the client sent, answers what is complete.
void conn_receive(struct conn *conn);

// Sends on what the socket did not take before; then answers what was kept.
void conn_write_on(struct conn *conn);

// Answers requests that were received before.
void conn_answer_kept(struct conn *conn);

// Reads, and throws away what it read.
void conn_throw_away(struct conn *conn);

// Answers a request that did not arrive whole, and then no other.
void conn_give_up(struct conn *conn, enum http_status status,
                  const char *detail);

#endif
