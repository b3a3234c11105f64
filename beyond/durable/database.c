#include "beyond/durable/database_private.h"
#include "lib/base/buffer_json.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum statement {
    BEGIN,
    COMMIT,
    FIND_KEY,
    ADD_KEY,
    FORGET_KEYS,
    ACCEPT,
    REMOVE,
    FIND_BALANCE,
    ADD_BALANCE,
    CHANGE_BALANCE,
    COUNT_EVENTS,
    ALL_EVENTS,
    ALL_BALANCES,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "begin",
    [COMMIT] = "commit",
    [FIND_KEY] = "select user, action, amount from keys where key = ?1",
    [ADD_KEY] = "insert into keys(key, user, action, amount)"
                " values(?1, ?2, ?3, ?4)",
    [FORGET_KEYS] = "delete from keys where id <= ?1",
    [ACCEPT] = "insert into events(user, action, amount) values(?1, ?2, ?3)",
    [REMOVE] = "delete from events where id = ?1",
    [FIND_BALANCE] = "select id, amount from balances where user = ?1",
    [ADD_BALANCE] = "insert into balances(user, amount) values(?1, ?2)",
    [CHANGE_BALANCE] = "update balances set amount = ?2 where id = ?1",
    [COUNT_EVENTS] = "select count(*) from events",
    [ALL_EVENTS] = "select id, user, action, amount from events order by id",
    [ALL_BALANCES] = "select user, amount from balances order by id",
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

// SQLite copies the text only if it has to: it lives until the statement is
// reset.
static void bind_text(sqlite3_stmt *statement, int number, const char *text)
{
    sqlite3_bind_text(statement, number, text, -1, SQLITE_STATIC);
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
    return run(database->statements[BEGIN]);
}

bool database_commit(struct database *database)
{
    if (!run(database->statements[COMMIT]))
        return false;
    database->users += database->new_users;
    return true;
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
    bool written =
        sqlite3_exec(database->file, sql, NULL, NULL, NULL) == SQLITE_OK;
    if (!written)
        database_roll_back(database);
    return written;
}

static void copy_text(char *copy, size_t size, sqlite3_stmt *statement,
                      int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    snprintf(copy, size, "%s", text != NULL ? (const char *)text : "");
}

static void read_event(sqlite3_stmt *statement, int column, struct event *event)
{
    copy_text(event->user, sizeof event->user, statement, column);
    copy_text(event->action, sizeof event->action, statement, column + 1);
    event->amount = sqlite3_column_int64(statement, column + 2);
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
    sqlite3_stmt *statement = database->statements[FIND_KEY];
    struct event earlier;
    bind_text(statement, 1, key);
    int step = sqlite3_step(statement);
    *result = DATABASE_KEY_NEW;
    if (step == SQLITE_ROW) {
        read_event(statement, 0, &earlier);
        *result = is_same_event(event, &earlier) ? DATABASE_KEY_KNOWN
                                                 : DATABASE_KEY_REUSED;
    }
    sqlite3_reset(statement);
    return step == SQLITE_ROW || step == SQLITE_DONE;
}

bool database_add_key(struct database *database, const char *key,
                      const struct event *event)
{
    sqlite3_stmt *statement = database->statements[ADD_KEY];
    bind_text(statement, 1, key);
    bind_event(statement, 2, event);
    if (!run(statement))
        return false;
    int64_t id = sqlite3_last_insert_rowid(database->file);
    statement = database->statements[FORGET_KEYS];
    sqlite3_bind_int64(statement, 1, id - database->keys_max);
    return run(statement);
}

bool database_accept(struct database *database, const struct event *event,
                     int64_t *id)
{
    sqlite3_stmt *statement = database->statements[ACCEPT];
    bind_event(statement, 1, event);
    if (!run(statement))
        return false;
    *id = sqlite3_last_insert_rowid(database->file);
    return true;
}

// Finds the user's balance; row 0: the user has none, and it is 0.
static bool find_balance(struct database *database, const char *user,
                         int64_t *row, int64_t *balance)
{
    sqlite3_stmt *statement = database->statements[FIND_BALANCE];
    bind_text(statement, 1, user);
    int step = sqlite3_step(statement);
    *row = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    *balance = step == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : 0;
    sqlite3_reset(statement);
    return step == SQLITE_ROW || step == SQLITE_DONE;
}

static bool change_balance(struct database *database, int64_t row,
                           const char *user, int64_t balance)
{
    sqlite3_stmt *statement =
        database->statements[row == 0 ? ADD_BALANCE : CHANGE_BALANCE];
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
    if (!find_balance(database, event->user, &row, balance))
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
    sqlite3_stmt *statement = database->statements[REMOVE];
    sqlite3_bind_int64(statement, 1, id);
    if (!run(statement))
        return false;
    assert(sqlite3_changes(database->file) == 1 && "an event applied twice");
    return add(database, event, result, balance);
}

bool database_count(struct database *database, size_t *count)
{
    sqlite3_stmt *statement = database->statements[COUNT_EVENTS];
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    *count = found ? (size_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return found;
}

bool database_read(struct database *database,
                   void each(void *context, int64_t id,
                             const struct event *event),
                   void *context)
{
    sqlite3_stmt *statement = database->statements[ALL_EVENTS];
    struct event event;
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        read_event(statement, 1, &event);
        each(context, sqlite3_column_int64(statement, 0), &event);
    }
    sqlite3_reset(statement);
    return step == SQLITE_DONE;
}

static void write_name(struct buffer *out, sqlite3_stmt *statement)
{
    json_t *name = json_stringn((const char *)sqlite3_column_text(statement, 0),
                                (size_t)sqlite3_column_bytes(statement, 0));
    buffer_add_json(out, name);
    json_decref(name);
}

bool database_write_balances(struct database *database, struct buffer *out)
{
    sqlite3_stmt *statement = database->statements[ALL_BALANCES];
    const char *before = "{";
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        buffer_add_text(out, before);
        write_name(out, statement);
        buffer_add_format(out, ":%" PRId64,
                          (int64_t)sqlite3_column_int64(statement, 1));
        before = ",";
    }
    sqlite3_reset(statement);
    buffer_add_text(out, before[0] == '{' ? "{}" : "}");
    return step == SQLITE_DONE;
}

bool database_balance(struct database *database, const char *user, bool *found,
                      int64_t *balance)
{
    int64_t row;
    bool read = find_balance(database, user, &row, balance);
    *found = row != 0;
    return read;
}
