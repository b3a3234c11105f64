#ifndef THAW_BEYOND_DURABLE_DATABASE_H
#define THAW_BEYOND_DURABLE_DATABASE_H

// database.h - accepted events and balances in a file, with SQLite
//
//     begin --> accept, accept, apply, accept, ... --> commit
//                                                        one fdatasync
//
// * What is committed survives kill -9 and a power failure: WAL mode, and
//   synchronous = FULL (sqlite.org/pragma.html#pragma_synchronous).
// * What is not committed leaves no trace: after a failure, roll back.
// * One process has the file, until it ends (locking_mode = EXCLUSIVE).
// * Not thread-safe: one thread at a time.

#include "lib/base/buffer.h"
#include "lib/event/event.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum { DATABASE_VERSION = 1 };         // of the tables: PRAGMA user_version
enum { DATABASE_STATEMENTS_MAX = 16 }; // prepared once, at the start

struct database {
    const char *path;
    int users_max;        // users that may have a balance
    int keys_max;         // idempotency keys to remember: the latest ones
    int users;            // that have one
    int new_users;        // in the open transaction
    bool is_committing;   // its commit was begun
    struct sqlite3 *file; // NULL: closed
    struct sqlite3_stmt *statements[DATABASE_STATEMENTS_MAX];
};

// Opens the file, or creates it; path, users_max and keys_max are set. Returns
// -1, and sets errno and process_cannot: it cannot be written, another process
// has it, or it is something else than a database of this version.
int database_open(struct database *database);
void database_close(struct database *database);

// The calls below return false when the database fails: the disk is full, for
// example. Then roll back, and begin again later.
bool database_begin(struct database *database);
bool database_commit(struct database *database);
void database_roll_back(struct database *database);

// After a commit that failed, before the roll back: whether the transaction may
// be in the file all the same. Its bytes may be there when an fdatasync fails.
bool database_is_in_doubt(const struct database *database);

// What failed last, for people: "database or disk is full". Until the next
// call.
const char *database_fault(const struct database *database);

// A transaction that changes nothing, but writes: whether that is possible.
bool database_probe(struct database *database);

enum database_key { DATABASE_KEY_NEW, DATABASE_KEY_KNOWN, DATABASE_KEY_REUSED };

// Whether an event came with this key before: the same event, or another one.
bool database_find_key(struct database *database, const char *key,
                       const struct event *event, enum database_key *result);

// Remembers a new key, and removes the one that came keys_max keys earlier.
bool database_add_key(struct database *database, const char *key,
                      const struct event *event);

// Adds an accepted event. `id` is higher than that of all events in the file.
bool database_accept(struct database *database, const struct event *event,
                     int64_t *id);

// Adds the amount to the balance, and removes the event: both or neither. The
// event is also removed when it cannot change the balance.
bool database_apply(struct database *database, int64_t id,
                    const struct event *event, enum store_result *result,
                    int64_t *balance);

// How many accepted events are in the file.
bool database_count(struct database *database, size_t *count);

// Calls `each` for every accepted event, in the order of their acceptance.
bool database_read(struct database *database,
                   void each(void *context, int64_t id,
                             const struct event *event),
                   void *context);

// Appends all balances, in the order of their users' first events:
// {"alice":100,"bob":-7}
bool database_write_balances(struct database *database, struct buffer *out);

// `found` is false: there is no such user.
bool database_balance(struct database *database, const char *user, bool *found,
                      int64_t *balance);

#endif
