#ifndef THAW_TESTS_UNIT_FAKE_POSTGRES_H
#define THAW_TESTS_UNIT_FAKE_POSTGRES_H

// fake_postgres.h - the other end of libpq, which fails when a test says so
//
//     the test --> database --> libpq <==> fake, in the same loop
//
// * It lets any user in, accepts any setup, and responds to a prepared
//   statement with one row of one column, or as `behaviour` says
//   (postgresql.org/docs/15/protocol-message-formats.html).
// * Everything is in one thread, so a test decides what happens when.

#include "lib/base/buffer.h"
#include "stage2_async/loop.h"

enum fake_behaviour {
    FAKE_RESPONDS,   // a row with `text`, and then: ready
    FAKE_IS_SILENT,  // it reads, and says nothing
    FAKE_CLOSES,     // at once
    FAKE_HALF,       // a row, and not yet ready; see fake_get_ready
    FAKE_ROW_CLOSES, // a row, and not ready: the commit may have failed
    FAKE_FAILS,      // an error with `text` as its SQLSTATE, and then: ready
    FAKE_ROW_FAILS,  // a row, and an error at the commit
    FAKE_DIES,       // a fatal error with that SQLSTATE, and it closes
};

enum { FAKE_CONNECTIONS_MAX = 8 };

struct fake_connection {
    int socket; // -1: it is closed
    bool is_started;
    bool is_own; // the statement is one of a front end's own
    struct buffer in;
};

extern struct fake {
    struct loop *loop;
    int listener; // -1: no server is there
    int port;
    enum fake_behaviour behaviour; // for the next statements
    const char *text;
    const char *jobs; // for a front end's own questions, which always succeed
    bool rejects_setup;
    int connections; // so far
    int setups;      // so far
    int statements;  // so far, without a front end's own
    int open;        // connections
    struct fake_connection each[FAKE_CONNECTIONS_MAX];
} fake;

// Listens, on a port of its own.
void fake_start(struct loop *loop);

// Closes all connections, and listens no more.
void fake_stop(void);

// Listens again, on the same port; or on another one.
void fake_restart(void);
void fake_move(void);

void fake_close_connections(void);
void fake_get_ready(void); // after FAKE_HALF

// A conninfo for libpq; valid until the next call.
const char *fake_conninfo(void);

#endif
