#include "beyond/shared/database.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <string.h>

enum { DELAY_MIN_MS = 50, DELAY_MAX_MS = 2000 }; // between attempts
enum { STEPS_MAX = 8 };                          // to connect, in one tick

void database_init(struct database *database, struct loop *loop,
                   const struct place *place, const char *setup,
                   database_done *done, void *context)
{
    *database = (struct database){.loop = loop,
                                  .place = place,
                                  .setup = setup,
                                  .done = done,
                                  .context = context,
                                  .descriptor = -1};
}

void database_destroy(struct database *database)
{
    PQclear(database->result);
    PQfinish(database->connection);
}

// Twice as long after each failure, and between half of that and all of it: so
// the connections of many front ends do not come at the same moment (jitter).
static int64_t delay_ms(const struct database *database)
{
    static uint32_t state;
    int64_t delay = DELAY_MIN_MS;
    for (int i = 1; i < database->failures && delay < DELAY_MAX_MS; i++)
        delay *= 2;
    if (state == 0)
        state = (uint32_t)clock_nanoseconds() | 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    if (delay > DELAY_MAX_MS)
        delay = DELAY_MAX_MS;
    return delay / 2 + (int64_t)(state % (uint32_t)(delay / 2 + 1));
}

static void note_fault(struct database *database, const char *text)
{
    char line[sizeof database->fault];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
    printable_text(database->fault, sizeof database->fault, line);
}

// Frees the connection. A statement in progress has an unknown outcome.
static short lose(struct database *database, const char *fault)
{
    bool was_busy = database->state == DATABASE_BUSY;
    note_fault(database,
               fault != NULL ? fault : PQerrorMessage(database->connection));
    PQclear(database->result);
    PQfinish(database->connection);
    database->result = NULL;
    database->connection = NULL;
    database->must_close = false;
    database->state = DATABASE_DOWN;
    database->failures++;
    database->next_ms = clock_milliseconds() + delay_ms(database);
    if (was_busy)
        database->done(database, DATABASE_UNKNOWN, NULL);
    return LOOP_REMOVE;
}

// The server is ready for the next statement.
static void finish(struct database *database)
{
    PGresult *result = database->result;
    bool is_setup = database->state == DATABASE_PREPARING;
    bool has_failed = PQresultStatus(result) == PGRES_FATAL_ERROR;
    database->result = NULL;
    database->state = DATABASE_IDLE;
    loop_set_deadline(database->loop, database->descriptor, -1);
    if (is_setup && has_failed) {
        note_fault(database, PQresultErrorMessage(result));
        database->must_close = true;
    } else if (is_setup) {
        database->failures = 0;
    } else {
        database->done(database, has_failed ? DATABASE_FAILED : DATABASE_DONE,
                       result);
    }
    PQclear(result);
}

// An error stays the result, whatever comes after it.
static void keep(struct database *database, PGresult *result)
{
    bool has_error = database->result != NULL &&
                     PQresultStatus(database->result) == PGRES_FATAL_ERROR;
    PQclear(has_error ? result : database->result);
    if (!has_error)
        database->result = result;
}

// Takes the results that are here. The last one is NULL: the server is ready,
// or the connection has ended.
static void collect(struct database *database)
{
    while ((database->state == DATABASE_PREPARING ||
            database->state == DATABASE_BUSY) &&
           !database->must_close && !PQisBusy(database->connection)) {
        PGresult *result = PQgetResult(database->connection);
        if (result != NULL)
            keep(database, result);
        else if (PQstatus(database->connection) == CONNECTION_OK)
            finish(database);
        else
            break;
    }
}

static short on_ready(void *context, short revents)
{
    struct database *database = context;
    if (revents == 0)
        return lose(database, "the database is silent");
    if (database->must_close)
        return lose(database, database->fault);
    if (!PQconsumeInput(database->connection))
        return lose(database, NULL);
    collect(database);
    int flush = PQflush(database->connection);
    if (flush < 0 || PQstatus(database->connection) == CONNECTION_BAD)
        return lose(database, NULL);
    if (database->must_close)
        return lose(database, database->fault);
    return (short)(flush > 0 ? POLLIN | POLLOUT : POLLIN);
}

static void start_attempt(struct database *database)
{
    database->connection = place_connect(database->place, database->attempts++);
    database->waits_for = PGRES_POLLING_WRITING;
    database->state = DATABASE_CONNECTING;
    database->next_ms = clock_milliseconds() + PLACE_CONNECT_MS;
}

// From here on libpq keeps its socket, and the loop may wait for it.
static void start_setup(struct database *database)
{
    database->state = DATABASE_PREPARING;
    database->descriptor = PQsocket(database->connection);
    if (PQsetnonblocking(database->connection, 1) < 0 ||
        !PQsendQuery(database->connection, database->setup) ||
        loop_register(database->loop, database->descriptor, on_ready,
                      database) < 0)
        lose(database, NULL);
    else if (database->state == DATABASE_PREPARING)
        loop_set_deadline(database->loop, database->descriptor,
                          PLACE_CONNECT_MS);
}

static void go_on_connecting(struct database *database)
{
    PGconn *connection = database->connection;
    PostgresPollingStatusType *waits_for = &database->waits_for;
    for (int i = 0; i < STEPS_MAX && *waits_for != PGRES_POLLING_OK &&
                    *waits_for != PGRES_POLLING_FAILED;
         i++)
        *waits_for = place_go_on(connection, *waits_for, 0);
    if (*waits_for == PGRES_POLLING_OK)
        start_setup(database);
    else if (*waits_for == PGRES_POLLING_FAILED)
        lose(database, NULL);
    else if (clock_milliseconds() >= database->next_ms)
        lose(database, "the database is silent");
}

void database_tick(struct database *database)
{
    if (database->state == DATABASE_DOWN &&
        clock_milliseconds() >= database->next_ms)
        start_attempt(database);
    if (database->state == DATABASE_CONNECTING)
        go_on_connecting(database);
}

// If libpq could not send all of it, some may have gone: the outcome is
// unknown, and on_ready says so. It also sends what the socket did not take.
void database_send(struct database *database, const char *statement, int count,
                   const char *const *values, int timeout_ms)
{
    database->state = DATABASE_BUSY;
    loop_set_deadline(database->loop, database->descriptor, timeout_ms);
    if (!PQsendQueryPrepared(database->connection, statement, count, values,
                             NULL, NULL, 0)) {
        note_fault(database, PQerrorMessage(database->connection));
        database->must_close = true;
    }
    if (database->must_close || PQflush(database->connection) != 0)
        loop_wake(database->loop, database->descriptor);
}

void database_renew(struct database *database, const char *fault)
{
    note_fault(database, fault);
    database->state = DATABASE_PREPARING; // no statement may be sent
    database->must_close = true;
    loop_wake(database->loop, database->descriptor);
}
