#ifndef THAW_BEYOND_SHARED_DATABASE_H
#define THAW_BEYOND_SHARED_DATABASE_H

// database.h - a connection to PostgreSQL that never blocks the loop
//
//            +------------------- connection lost <--------------------+
//            v                                                         |
//     --> DOWN --> CONNECTING --> PREPARING --> IDLE <--> BUSY --------+
//            ^         |              |          |
//            +---------+--------------+----------+
//
// * One statement is in progress at a time, and has a deadline. Its outcome is
//   known when the server is ready for the next one, and not when its rows are
//   here: the commit comes after them (protocol-flow.html, 55.2.3: Sync).
// * What was sent when the connection ends is in doubt: DATABASE_UNKNOWN. Past
//   its deadline the connection is closed, because the statement may still run.
// * While it connects, libpq may replace the socket. So the loop waits for it
//   only from PREPARING on; until then database_tick goes on.
// * Everything here belongs to the loop's thread.

#include "beyond/shared/place.h"
#include "stage2_async/loop.h"

enum database_state {
    DATABASE_DOWN,       // until it is time for the next attempt
    DATABASE_CONNECTING, // step by step, in database_tick
    DATABASE_PREPARING,  // the setup is in progress
    DATABASE_IDLE,
    DATABASE_BUSY, // a statement is in progress
};

enum database_outcome {
    DATABASE_DONE,    // and committed
    DATABASE_FAILED,  // and rolled back: the server said so, and is ready again
    DATABASE_UNKNOWN, // the connection ended; it may be committed
};

struct database;

// The outcome of a statement. It may send the next one, if the connection is
// IDLE. The result is NULL for DATABASE_UNKNOWN; it is valid until the return.
typedef void database_done(struct database *database,
                           enum database_outcome outcome,
                           const PGresult *result);

struct database {
    struct loop *loop;
    const struct place *place;
    const char *setup; // statements that begin each connection
    database_done *done;
    void *context;                       // the caller's
    PGconn *connection;                  // NULL: DOWN
    PostgresPollingStatusType waits_for; // while CONNECTING
    enum database_state state;
    int descriptor;   // registered from PREPARING on
    int attempts;     // to connect, so far
    int failures;     // of these, since one succeeded
    int64_t next_ms;  // the next attempt, or the end of this one
    PGresult *result; // of the statement in progress
    bool must_close;  // as soon as the loop calls
    char fault[256];  // why the last connection ended, in one line
};

// The connection is DOWN, and database_tick begins it.
void database_init(struct database *database, struct loop *loop,
                   const struct place *place, const char *setup,
                   database_done *done, void *context);

// Closes it; `done` is not called. Call it after the loop has ended.
void database_destroy(struct database *database);

// Goes on with an attempt to connect, or begins one when it is time. Call it
// every few milliseconds while the connection is DOWN or CONNECTING.
void database_tick(struct database *database);

// Sends a prepared statement with `count` text values, NULL being null. The
// connection is IDLE, and BUSY afterwards: `done` is called for each, later.
void database_send(struct database *database, const char *statement, int count,
                   const char *const *values, int timeout_ms);

// For an IDLE connection: it ends, and a new one begins, maybe at another host.
void database_renew(struct database *database, const char *fault);

#endif
