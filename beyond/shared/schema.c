#include "beyond/shared/schema.h"
#include "beyond/shared/session.h"
#include "beyond/shared/statements.h"
#include "lib/base/clock.h"

#include <assert.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_MIN = 90600 }; // it has idle_in_transaction_session_timeout
enum { RETRY_MS = 200 };
enum { EXIT_UNFIT = 2 }; // as for a wrong option

struct schema {
    struct place *place;
    struct session session;
    char *fault; // of SCHEMA_FAULT_SIZE
};

void schema_setup(const struct place *place, const char *statements,
                  char setup[SCHEMA_SETUP_SIZE])
{
    // In double quotes, a name may be a word of SQL.
    int length =
        snprintf(setup, SCHEMA_SETUP_SIZE, "set search_path to \"%s\";%s",
                 place->schema, statements);
    assert(length < SCHEMA_SETUP_SIZE);
}

__attribute__((format(printf, 2, 3))) static bool
reject(const struct schema *schema, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(schema->fault, SCHEMA_FAULT_SIZE, format, values);
    va_end(values);
    return false;
}

// The result's first row as numbers. False: it failed.
static bool ask(struct schema *schema, const char *statement, int count,
                int *numbers)
{
    PGresult *result = session_run(&schema->session, statement);
    if (result == NULL)
        return reject(schema, "schema %s: %s", schema->place->schema,
                      schema->session.fault);
    for (int i = 0; i < count; i++)
        numbers[i] = PQntuples(result) > 0 ? atoi(PQgetvalue(result, 0, i)) : 0;
    PQclear(result);
    return true;
}

// Is it worth waiting? PQping tells a server that is down, starting or stopping
// from one that rejects this user, or has no such database.
static bool may_come(const struct session *session)
{
    PGPing found = PQping(place_conninfo(session->place));
    return found == PQPING_REJECT || found == PQPING_NO_RESPONSE;
}

// Returns an exit status. A server that came up after the first attempt gets
// another one before it is judged.
static int connect_within(struct schema *schema, int wait_ms)
{
    struct session *session = &schema->session;
    int64_t end = clock_milliseconds() + wait_ms;
    int rejections = 0;
    const char *quiet = "set client_min_messages to warning";
    while (!session_open(session, quiet)) {
        if (!may_come(session) && ++rejections > 2) {
            reject(schema, "--database: %s", session->fault);
            return EXIT_UNFIT;
        }
        if (clock_milliseconds() >= end) {
            reject(schema,
                   "the database does not respond: %s (start it, or see "
                   "--database and --start-timeout-ms)",
                   session->fault);
            return EXIT_FAILURE;
        }
        poll(NULL, 0, rejections > 0 ? 1 : RETRY_MS);
    }
    return 0;
}

static bool server_fits(struct schema *schema)
{
    const PGconn *connection = schema->session.connection;
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    if (PQserverVersion(connection) < SERVER_MIN)
        return reject(schema, "PostgreSQL %s is too old: expected 9.6 or newer",
                      PQparameterStatus(connection, "server_version"));
    // SQL_ASCII stores bytes as they come.
    if (strcmp(encoding, "UTF8") != 0 && strcmp(encoding, "SQL_ASCII") != 0)
        return reject(schema,
                      "the database's encoding is %s, expected UTF8 (createdb "
                      "--encoding UTF8 --template template0 NAME)",
                      encoding);
    return true;
}

// With one of these off, a committed event may be lost when the machine stops
// (postgresql.org/docs/15/runtime-config-wal.html).
static bool is_safe(struct schema *schema)
{
    static const char *const settings[] = {"fsync", "synchronous_commit",
                                           "full_page_writes"};
    for (int i = 0; i < 3 && !schema->place->is_unsafe; i++) {
        char question[128];
        int is_off = 0;
        snprintf(question, sizeof question,
                 "select (current_setting('%s') = 'off')::int", settings[i]);
        if (!ask(schema, question, 1, &is_off))
            return false;
        if (is_off)
            return reject(schema,
                          "the database has %s = off: a 202 may be lost when "
                          "its machine stops (turn it on, or go on with "
                          "--unsafe-settings)",
                          settings[i]);
    }
    return true;
}

// The lock is released when the transaction ends. The number means nothing.
static bool lock(struct schema *schema)
{
    char statement[160];
    snprintf(statement, sizeof statement,
             "begin; select pg_advisory_xact_lock(7423, hashtext('%s'))",
             schema->place->schema);
    return ask(schema, statement, 0, NULL);
}

// With --admission count the number of slots must not be what limits it.
static int slots_of(const struct place *place, int capacity)
{
    return place_counts(place) ? 2 * capacity : capacity;
}

static bool make_tables(struct schema *schema, bool has_schema)
{
    const struct place *place = schema->place;
    int capacity = place->capacity > 0 ? place->capacity : PLACE_CAPACITY;
    char statement[SCHEMA_SETUP_SIZE];
    snprintf(statement, sizeof statement, "create schema \"%s\"",
             place->schema);
    if (!has_schema && !ask(schema, statement, 0, NULL))
        return false;
    snprintf(statement, sizeof statement,
             "set local search_path to \"%s\"; %s;"
             "insert into slot(n) select generate_series(1, %d);"
             "insert into about values (%d, %d, '%s')",
             place->schema, statements_tables, slots_of(place, capacity),
             STATEMENTS_VERSION, capacity,
             place_counts(place) ? "count" : "slots");
    return ask(schema, statement, 0, NULL);
}

// Makes them if they are missing.
static bool find_tables(struct schema *schema)
{
    int found[2] = {0};
    char question[256];
    const char *name = schema->place->schema;
    snprintf(question, sizeof question,
             "select (to_regnamespace('%s') is not null)::int,"
             " (to_regclass('%s.about') is not null)::int",
             name, name);
    return lock(schema) && ask(schema, question, 2, found) &&
           (found[1] || make_tables(schema, found[0])) &&
           ask(schema, "commit", 0, NULL);
}

static bool may_use_tables(struct schema *schema)
{
    int may = 0;
    const char *question = "select (has_table_privilege('slot', 'select')"
                           " and has_table_privilege('slot', 'update')"
                           " and has_table_privilege('accepted', 'select')"
                           " and has_table_privilege('accepted', 'insert')"
                           " and has_table_privilege('accepted', 'update')"
                           " and has_table_privilege('accepted', 'delete')"
                           " and has_table_privilege('balance', 'select')"
                           " and has_table_privilege('balance', 'insert')"
                           " and has_table_privilege('balance', 'update')"
                           " and has_sequence_privilege('seq', 'usage'))::int";
    return ask(schema, question, 1, &may) &&
           (may ||
            reject(schema,
                   "schema %s: user %s may not use its tables (grant "
                   "all on all tables in schema, all sequences too)",
                   schema->place->schema, PQuser(schema->session.connection)));
}

static bool tables_fit(struct schema *schema)
{
    struct place *place = schema->place;
    int found[4] = {0}; // version, capacity, admission, slots
    char statement[64 + 64];
    snprintf(statement, sizeof statement, "set search_path to \"%s\"",
             place->schema);
    if (!ask(schema, statement, 0, NULL) ||
        !ask(schema,
             "select version, capacity, (admission = 'count')::int,"
             " (select count(*) from slot) from about",
             4, found))
        return false;
    if (found[0] != STATEMENTS_VERSION)
        return reject(schema,
                      "schema %s has tables of version %d, this program needs "
                      "version %d: take another --schema",
                      place->schema, found[0], STATEMENTS_VERSION);
    if (place->admission != NULL && place_counts(place) != found[2])
        return reject(schema,
                      "schema %s has another admission: leave --admission out, "
                      "or take another --schema",
                      place->schema);
    place->admission = found[2] ? "count" : "slots";
    if (found[3] != slots_of(place, found[1]))
        return reject(schema,
                      "schema %s has %d slots, expected %d: take another "
                      "--schema",
                      place->schema, found[3], slots_of(place, found[1]));
    if (place->capacity > 0 && place->capacity != found[1])
        return reject(schema,
                      "schema %s has a capacity of %d, and --capacity is %d: "
                      "leave --capacity out, or take another --schema",
                      place->schema, found[1], place->capacity);
    place->capacity = found[1];
    return true;
}

int schema_open(struct place *place, int wait_ms, char fault[SCHEMA_FAULT_SIZE])
{
    struct schema schema = {.place = place, .fault = fault};
    session_init(&schema.session, place);
    int status = connect_within(&schema, wait_ms);
    if (status == 0 &&
        !(server_fits(&schema) && is_safe(&schema) && find_tables(&schema) &&
          tables_fit(&schema) && may_use_tables(&schema)))
        status = EXIT_UNFIT;
    session_close(&schema.session);
    return status;
}
