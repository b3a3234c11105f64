#ifndef THAW_BEYOND_SHARED_SESSION_H
#define THAW_BEYOND_SHARED_SESSION_H

// session.h - a connection for a thread that may wait
//
// * A worker has one of its own. Two threads must not share one
//   (postgresql.org/docs/15/libpq-threading.html).
// * Every call has a deadline: the network may be silent, and no error comes.
// * After a failure that ended the connection, `connection` is NULL, and what
//   was sent last may be done or not. What was not committed is rolled back.

#include "beyond/shared/place.h"

enum { SESSION_CODE_SIZE = 6 }; // of an SQLSTATE: five characters and the NUL

struct session {
    const struct place *place;
    PGconn *connection;           // NULL: there is none
    int attempts;                 // to connect, so far
    char code[SESSION_CODE_SIZE]; // of the last failure; "": not the server's
    char fault[512];              // and its text, in one line
};

void session_init(struct session *session, const struct place *place);

// Connects and sends `setup`. False: fault says why.
bool session_open(struct session *session, const char *setup);
void session_close(struct session *session);

// Runs statements without parameters, or a prepared one with `count` text
// values. Returns its result, or the last one's, to be cleared with PQclear;
// NULL: it failed.
PGresult *session_run(struct session *session, const char *statements);
PGresult *session_run_prepared(struct session *session, const char *name,
                               int count, const char *const *values);

#endif
