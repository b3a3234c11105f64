#include "beyond/durable/database_private.h"
#include "lib/base/buffer_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static bool copy_text(char *copy, size_t size, sqlite3_stmt *statement,
                      int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    if (text != NULL)
        snprintf(copy, size, "%s", (const char *)text);
    return text != NULL;
}

bool database_read_event(sqlite3_stmt *statement, int column,
                         struct event *event)
{
    event->amount = sqlite3_column_int64(statement, column + 2);
    return copy_text(event->user, sizeof event->user, statement, column) &&
           copy_text(event->action, sizeof event->action, statement,
                     column + 1);
}

bool database_find_balance(struct database *database, const char *user,
                           int64_t *row, int64_t *balance)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_FIND_BALANCE];
    bind_text(statement, 1, user);
    int step = sqlite3_step(statement);
    *row = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    *balance = step == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : 0;
    sqlite3_reset(statement);
    return step == SQLITE_ROW || step == SQLITE_DONE;
}

bool database_count(struct database *database, size_t *count)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_COUNT_EVENTS];
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
    sqlite3_stmt *statement = database->statements[STATEMENT_ALL_EVENTS];
    struct event event;
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW &&
           database_read_event(statement, 1, &event))
        each(context, sqlite3_column_int64(statement, 0), &event);
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
    sqlite3_stmt *statement = database->statements[STATEMENT_ALL_BALANCES];
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
    bool read = database_find_balance(database, user, &row, balance);
    *found = row != 0;
    return read;
}
