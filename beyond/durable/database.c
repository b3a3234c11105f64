#include "beyond/durable/database_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[STATEMENTS] = {
    [STATEMENT_BEGIN] = "begin",
    [STATEMENT_COMMIT] = "commit",
    [STATEMENT_FIND_KEY] =
        "select user, action, amount from keys where key = ?1",
    [STATEMENT_ADD_KEY] =
        "insert into keys(key, user, action, amount) values(?1, ?2, ?3, ?4)",
    [STATEMENT_REMOVE_KEYS] = "delete from keys where id <= ?1",
    [STATEMENT_ACCEPT] =
        "insert into events(user, action, amount) values(?1, ?2, ?3)",
    [STATEMENT_REMOVE] = "delete from events where id = ?1",
    [STATEMENT_FIND_BALANCE] =
        "select id, amount from balances where user = ?1",
    [STATEMENT_ADD_BALANCE] =
        "insert into balances(user, amount) values(?1, ?2)",
    [STATEMENT_CHANGE_BALANCE] =
        "update balances set amount = ?2 where id = ?1",
    [STATEMENT_COUNT_EVENTS] = "select count(*) from events",
    [STATEMENT_ALL_EVENTS] =
        "select id, user, action, amount from events order by id",
    [STATEMENT_ALL_BALANCES] = "select user, amount from balances order by id",
};

bool database_prepare(struct database *database)
{
    static_assert((int)STATEMENTS <= (int)DATABASE_STATEMENTS_MAX, "room");
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(database->file, texts[i], -1,
                               SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

void database_close(struct database *database)
{
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(database->statements[i]);
        database->statements[i] = NULL;
    }
    sqlite3_close(database->file);
    database->file = NULL;
}

static void bind_event(sqlite3_stmt *statement, int number,
                       const struct event *event)
{
    bind_text(statement, number, event->user);
    bind_text(statement, number + 1, event->action);
    sqlite3_bind_int64(statement, number + 2, event->amount);
}

// Runs a statement without a result.
static bool run(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    return result == SQLITE_DONE;
}

bool database_begin(struct database *database)
{
    database->new_users = 0;
    database->is_committing = false;
    return run(database->statements[STATEMENT_BEGIN]);
}

bool database_commit(struct database *database)
{
    database->is_committing = true;
    if (!run(database->statements[STATEMENT_COMMIT]))
        return false;
    database->users += database->new_users;
    return true;
}

// The last bytes to be written say that the transaction is complete. Without
// them, it is not.
bool database_is_in_doubt(const struct database *database)
{
    int code = sqlite3_extended_errcode(database->file);
    return database->is_committing && code != SQLITE_FULL &&
           code != SQLITE_IOERR_WRITE;
}

// After some errors SQLite has rolled back already
// (sqlite.org/lang_transaction.html).
void database_roll_back(struct database *database)
{
    if (sqlite3_get_autocommit(database->file) == 0)
        sqlite3_exec(database->file, "rollback", NULL, NULL, NULL);
}

const char *database_fault(const struct database *database)
{
    return sqlite3_errmsg(database->file);
}

bool database_probe(struct database *database)
{
    char sql[64];
    snprintf(sql, sizeof sql, "begin; pragma user_version = %d; commit",
             DATABASE_VERSION);
    return sqlite3_exec(database->file, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool is_same_event(const struct event *one, const struct event *other)
{
    return strcmp(one->user, other->user) == 0 &&
           strcmp(one->action, other->action) == 0 &&
           one->amount == other->amount;
}

bool database_find_key(struct database *database, const char *key,
                       const struct event *event, enum database_key *result)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_FIND_KEY];
    struct event earlier;
    bind_text(statement, 1, key);
    int step = sqlite3_step(statement);
    *result = DATABASE_KEY_NEW;
    bool found =
        step == SQLITE_ROW && database_read_event(statement, 0, &earlier);
    if (found)
        *result = is_same_event(event, &earlier) ? DATABASE_KEY_KNOWN
                                                 : DATABASE_KEY_REUSED;
    sqlite3_reset(statement);
    return found || step == SQLITE_DONE;
}

bool database_add_key(struct database *database, const char *key,
                      const struct event *event)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_ADD_KEY];
    bind_text(statement, 1, key);
    bind_event(statement, 2, event);
    if (!run(statement))
        return false;
    int64_t id = sqlite3_last_insert_rowid(database->file);
    statement = database->statements[STATEMENT_REMOVE_KEYS];
    sqlite3_bind_int64(statement, 1, id - database->keys_max);
    return run(statement);
}

bool database_accept(struct database *database, const struct event *event,
                     int64_t *id)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_ACCEPT];
    bind_event(statement, 1, event);
    if (!run(statement))
        return false;
    *id = sqlite3_last_insert_rowid(database->file);
    return true;
}

static bool change_balance(struct database *database, int64_t row,
                           const char *user, int64_t balance)
{
    sqlite3_stmt *statement =
        database->statements[row == 0 ? STATEMENT_ADD_BALANCE
                                      : STATEMENT_CHANGE_BALANCE];
    if (row == 0)
        bind_text(statement, 1, user);
    else
        sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, balance);
    return run(statement);
}

static bool add(struct database *database, const struct event *event,
                enum store_result *result, int64_t *balance)
{
    int64_t row;
    int64_t sum;
    if (!database_find_balance(database, event->user, &row, balance))
        return false;
    *result = STORE_ADDED;
    if (row == 0 &&
        database->users + database->new_users >= database->users_max)
        *result = STORE_FULL;
    else if (__builtin_add_overflow(*balance, event->amount, &sum))
        *result = STORE_OVERFLOW;
    if (*result != STORE_ADDED)
        return true;
    *balance = sum;
    database->new_users += row == 0;
    return change_balance(database, row, event->user, sum);
}

bool database_apply(struct database *database, int64_t id,
                    const struct event *event, enum store_result *result,
                    int64_t *balance)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_REMOVE];
    sqlite3_bind_int64(statement, 1, id);
    if (!run(statement))
        return false;
    assert(sqlite3_changes(database->file) == 1 && "an event applied twice");
    return add(database, event, result, balance);
}
