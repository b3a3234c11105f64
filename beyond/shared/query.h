#ifndef THAW_BEYOND_SHARED_QUERY_H
#define THAW_BEYOND_SHARED_QUERY_H

// query.h - what a front end asks the database, and what it makes of the
// outcome
//
//     committed                             202
//     no slot is free, nothing stored       503 server_busy
//     rolled back by an error               503 database_unavailable
//     sent, and then nothing was heard      504 outcome_unknown
//
// * A 503 says that this request stored nothing. After a 504 only a 202 for the
//   same key ends the doubt: what was sent before may still be on its way.

#include "beyond/idempotency_key.h"
#include "beyond/shared/database.h"
#include "lib/event/event.h"
#include "lib/http/http_response.h"

enum query_kind {
    QUERY_OFFER,
    QUERY_BALANCE,  // of event.user
    QUERY_BALANCES, // at most `number`
    QUERY_WAITING,  // `number` becomes the number of jobs in the table
    QUERY_EXPIRE,   // keys of `number` hours ago; then whether there are more
};

// A request whose response is deferred, or the server's own question.
struct query {
    struct query *next; // that waits, or is free
    enum query_kind kind;
    struct conn *conn; // NULL: the server's own
    int64_t since;
    int64_t end_ms; // its response comes before that
    int64_t number;
    struct event event;
    char key[IDEMPOTENCY_KEY_MAX + 1]; // "": it has none
};

enum query_next {
    QUERY_RESPONDED,
    QUERY_AGAIN,  // nothing was stored: send it again, at once
    QUERY_FAILED, // responded to; and this connection is of no use
};

int query_time_left(const struct query *query); // in milliseconds, or 0

// For an IDLE connection.
void query_send(const struct query *query, struct database *database);

// Fills in the response.
enum query_next query_respond(struct query *query,
                              enum database_outcome outcome,
                              const PGresult *result,
                              struct http_response *response);

// For a request of which nothing was sent: too many wait.
void query_reject(enum query_kind kind, struct http_response *response);

#endif
