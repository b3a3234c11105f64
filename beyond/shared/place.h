#ifndef THAW_BEYOND_SHARED_PLACE_H
#define THAW_BEYOND_SHARED_PLACE_H

// place.h - which database the servers share, and how a connection begins
//
//     --database "host=a,b dbname=shop" --schema thaw
//
// * What --database leaves out, libpq takes from PGHOST, PGUSER, PGDATABASE and
//   its other variables (postgresql.org/docs/15/libpq-envars.html).
// * Attempt 1 is made at the first host, attempt 2 at the next, and so on.
//   libpq would go on by itself, but not after a host that is silent: the
//   non-blocking calls ignore connect_timeout (libpq-connect.html,
//   PQconnectPoll), and each caller here has a deadline for one attempt.
// * A host with a name is looked up by getaddrinfo, which blocks. For a front
//   end give numeric addresses (hostaddr=), or the directory of a Unix socket.

#include "lib/base/options.h"

#include <libpq-fe.h>
#include <stdbool.h>

struct place {
    const char *conninfo;  // NULL: all of it is in the environment
    const char *schema;    // of the tables; a plain name, which needs no quotes
    int capacity;          // of the queue; 0: as the tables have it
    const char *admission; // "slots", or the wrong "count"; NULL: as they have
    bool is_unsafe;        // go on with settings that lose accepted events
};

enum { PLACE_CAPACITY = 100 };    // where no table and no option says another
enum { PLACE_CONNECT_MS = 3000 }; // for one attempt

// Puts --database, --schema and --unsafe-settings into the command line.
void place_add_options(struct place *place, struct options *options);

// For a front end: --capacity and --admission.
void place_add_queue_options(struct place *place, struct options *options);

bool place_counts(const struct place *place); // is the admission "count"?

const char *place_conninfo(const struct place *place); // never NULL

// Starts a connection. NULL: there is no memory. Free it with PQfinish, even if
// its status is CONNECTION_BAD.
PGconn *place_connect(const struct place *place, int attempt);

// Waits at most so long, then goes on with the connection if it is ready.
// Returns what it waits for now, PGRES_POLLING_OK or PGRES_POLLING_FAILED. The
// first time, `waits_for` is PGRES_POLLING_WRITING.
PostgresPollingStatusType place_go_on(PGconn *connection,
                                      PostgresPollingStatusType waits_for,
                                      int milliseconds);

#endif
