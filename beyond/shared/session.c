#include "beyond/shared/session.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { STATEMENT_MS = 10000 }; // for one statement, which never works for long

void session_init(struct session *session, const struct place *place)
{
    *session = (struct session){.place = place};
}

void session_close(struct session *session)
{
    PQfinish(session->connection);
    session->connection = NULL;
}

static int left_until(int64_t end_ms)
{
    int64_t left = end_ms - clock_milliseconds();
    return left > 0 ? (int)left : 0;
}

// libpq's texts have several lines, and the server's a severity before them.
static void note_fault(struct session *session, const char *text)
{
    char line[sizeof session->fault];
    size_t length = strcspn(text, "\n");
    snprintf(line, sizeof line, "%.*s", (int)length, text);
    printable_text(session->fault, sizeof session->fault, line);
}

static bool lose(struct session *session, const char *fault)
{
    note_fault(session,
               fault != NULL ? fault : PQerrorMessage(session->connection));
    session_close(session);
    return false;
}

bool session_open(struct session *session, const char *setup)
{
    int64_t end = clock_milliseconds() + PLACE_CONNECT_MS;
    PostgresPollingStatusType waits_for = PGRES_POLLING_WRITING;
    session->code[0] = '\0';
    session->connection = place_connect(session->place, session->attempts++);
    if (session->connection == NULL)
        return lose(session, "no memory");
    do
        waits_for =
            place_go_on(session->connection, waits_for, left_until(end));
    while (waits_for != PGRES_POLLING_OK && waits_for != PGRES_POLLING_FAILED &&
           left_until(end) > 0);
    if (waits_for == PGRES_POLLING_FAILED)
        return lose(session, NULL);
    if (waits_for != PGRES_POLLING_OK)
        return lose(session, "the database is silent");
    PGresult *result = session_run(session, setup);
    if (result == NULL)
        session_close(session);
    PQclear(result);
    return session->connection != NULL;
}

// Waits until PQgetResult will not block.
static bool wait_for_result(struct session *session)
{
    int64_t end = clock_milliseconds() + STATEMENT_MS;
    while (PQisBusy(session->connection)) {
        struct pollfd polled = {.fd = PQsocket(session->connection),
                                .events = POLLIN};
        int ready = poll(&polled, 1, left_until(end));
        if (ready == 0 && left_until(end) == 0)
            return lose(session, "the database is silent");
        if (ready > 0 && !PQconsumeInput(session->connection))
            return lose(session, NULL);
    }
    return true;
}

static void note_error(struct session *session, const PGresult *result)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(session->code, sizeof session->code, "%s",
             code != NULL ? code : "");
    note_fault(session, text != NULL ? text : PQresultErrorMessage(result));
}

// The commit comes after the last result, so it is done only when libpq has no
// more: then the server has said that it is ready.
static PGresult *last_result(struct session *session, int is_sent)
{
    PGresult *last = NULL;
    bool failed = false;
    session->code[0] = '\0';
    if (!is_sent)
        lose(session, NULL);
    while (session->connection != NULL && wait_for_result(session)) {
        PGresult *result = PQgetResult(session->connection);
        if (result == NULL)
            break;
        PQclear(last);
        last = result;
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            note_error(session, result);
            failed = true;
        }
    }
    if (session->connection != NULL &&
        PQstatus(session->connection) == CONNECTION_BAD)
        session_close(session);
    if (!failed && session->connection != NULL)
        return last;
    PQclear(last);
    return NULL;
}

PGresult *session_run(struct session *session, const char *statements)
{
    return last_result(session, PQsendQuery(session->connection, statements));
}

PGresult *session_run_prepared(struct session *session, const char *name,
                               int count, const char *const *values)
{
    return last_result(session,
                       PQsendQueryPrepared(session->connection, name, count,
                                           values, NULL, NULL, 0));
}
