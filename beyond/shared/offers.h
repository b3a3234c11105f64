#ifndef THAW_BEYOND_SHARED_OFFERS_H
#define THAW_BEYOND_SHARED_OFFERS_H

// offers.h - requests on their way through the database, and back
//
//                                          +--> connection --+
//     handler --> [ waiting, bounded ] ----+--> connection --+--> PostgreSQL
//        |                                 +--> connection --+        |
//        |                                                            v
//        +--> 503, nothing was sent          conn_complete <-- query_respond
//
// * Every response is deferred, or filled in at once: 503 server_busy if too
//   many wait, 503 database_unavailable if there is no connection. A request
//   that waits for too long gets the first of these; none of it was sent.
// * Each request is responded to within its time-out, whatever the database
//   does.
// * The memory for requests is taken at the start.
// * Everything here belongs to the loop's thread.

#include "beyond/shared/query.h"
#include "beyond/shared/schema.h"

struct offers {
    int connections; // to the database
    int waiting_max; // requests that may wait for one of them
    int timeout_ms;  // for one request
    int listed_max;  // users in GET /balances
    int64_t jobs;    // that waited in the table a moment ago
    const char *program;
    struct loop *loop;
    struct line *lines;    // the connections, and what is sent on them
    struct query *queries; // all of them, waiting_max + connections
    struct query *free;    // of these
    struct query *first;   // that waits for a connection
    struct query *last;
    int64_t expired_ms; // when old keys were deleted
    bool is_down;       // no connection is there; it was said
    int clock[2];       // a pipe, for its deadline: the tick
    char setup[SCHEMA_SETUP_SIZE];
};

// Puts --connections, --waiting-max, --offer-timeout-ms and --users-max into
// the command line.
void offers_add_options(struct offers *offers, struct options *options);

// Begins to connect. Returns -1 and sets errno.
int offers_init(struct offers *offers, struct loop *loop,
                const struct place *place, const char *program);

// Closes the connections; call it after the loop has ended.
void offers_destroy(struct offers *offers);

// Offers an event. `key` is its Idempotency-Key, or "".
void offers_submit(struct offers *offers, const struct event *event,
                   const char *key, struct http_response *response);

// For GET /balances, if `user` is empty, and for /balances/USER.
void offers_look_up(struct offers *offers, const char *user,
                    struct http_response *response);

#endif
