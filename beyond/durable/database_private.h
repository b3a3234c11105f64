#ifndef THAW_BEYOND_DURABLE_DATABASE_PRIVATE_H
#define THAW_BEYOND_DURABLE_DATABASE_PRIVATE_H

// database_private.h - what database.c, _open.c and _read.c share

#include "beyond/durable/database.h"

#include <sqlite3.h>

// All statements, prepared at the start; the SQL is in database.c.
enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_FIND_KEY,
    STATEMENT_ADD_KEY,
    STATEMENT_REMOVE_KEYS,
    STATEMENT_ACCEPT,
    STATEMENT_REMOVE,
    STATEMENT_FIND_BALANCE,
    STATEMENT_ADD_BALANCE,
    STATEMENT_CHANGE_BALANCE,
    STATEMENT_COUNT_EVENTS,
    STATEMENT_ALL_EVENTS,
    STATEMENT_ALL_BALANCES,
    STATEMENTS
};

// Prepares them. False: SQLite says why.
bool database_prepare(struct database *database);

// Reads three columns of a row, from `column` on. False: SQLite had no memory.
bool database_read_event(sqlite3_stmt *statement, int column,
                         struct event *event);

// Finds the user's balance. Row 0: the user has none, and it is 0.
bool database_find_balance(struct database *database, const char *user,
                           int64_t *row, int64_t *balance);

// The text is not copied: it must live until the statement is reset.
static inline void bind_text(sqlite3_stmt *statement, int number,
                             const char *text)
{
    sqlite3_bind_text(statement, number, text, -1, SQLITE_STATIC);
}

#endif
