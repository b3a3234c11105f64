#include "beyond/shared/queue.h"
#include "beyond/shared/statements.h"
#include "lib/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_MIN_MS = 60000 }; // of a transaction that does nothing

// A worker that stops in its work holds a row locked. The server ends such a
// session; an honest one has three times its time.
void queue_init(struct queue *queue, const struct place *place, int work_ms)
{
    char statements[SCHEMA_SETUP_SIZE - 128];
    int limit_ms = 3 * work_ms > IDLE_MIN_MS ? 3 * work_ms : IDLE_MIN_MS;
    session_init(&queue->session, place);
    snprintf(statements, sizeof statements,
             "set idle_in_transaction_session_timeout = %d; %s",
             work_ms < 0 ? 0 : limit_ms, statements_worker);
    schema_setup(place, statements, queue->setup);
}

void queue_destroy(struct queue *queue)
{
    session_close(&queue->session);
}

static bool is_open(struct queue *queue)
{
    return queue->session.connection != NULL ||
           session_open(&queue->session, queue->setup);
}

// A transaction that lost against another one is run again. After any other
// error a new connection is made, maybe to another host.
static enum queue_result fail(struct queue *queue)
{
    const char *code = queue->session.code;
    if (strcmp(code, "40001") == 0 || strcmp(code, "40P01") == 0) {
        PQclear(session_run(&queue->session, "rollback"));
        return QUEUE_EMPTY;
    }
    session_close(&queue->session);
    return QUEUE_LOST;
}

static int64_t number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

static void copy_name(char name[EVENT_NAME_MAX + 1], const char *value)
{
    snprintf(name, EVENT_NAME_MAX + 1, "%s", value);
}

// The database says how old it is, in seconds: the clocks of two machines need
// not agree.
static int64_t since(const PGresult *result, int row, int column)
{
    double age = strtod(PQgetvalue(result, row, column), NULL);
    return clock_nanoseconds() - (int64_t)(age * 1e9);
}

enum queue_result queue_take(struct queue *queue, struct job *job)
{
    if (!is_open(queue))
        return QUEUE_LOST;
    PGresult *result = session_run(&queue->session, "begin; execute take");
    if (result == NULL)
        return fail(queue);
    bool is_taken = PQntuples(result) > 0;
    if (is_taken) {
        job->slot = (int)number(result, 0, 0);
        copy_name(job->event.user, PQgetvalue(result, 0, 1));
        copy_name(job->event.action, PQgetvalue(result, 0, 2));
        job->event.amount = number(result, 0, 3);
        job->since = since(result, 0, 4);
    } else {
        PQclear(session_run(&queue->session, "rollback"));
    }
    PQclear(result);
    return is_taken ? QUEUE_TAKEN : QUEUE_EMPTY;
}

enum queue_result queue_apply(struct queue *queue, struct job *job)
{
    char slot[16];
    char amount[24];
    const char *const values[] = {slot, job->event.user, amount};
    snprintf(slot, sizeof slot, "%d", job->slot);
    snprintf(amount, sizeof amount, "%" PRId64, job->event.amount);
    PGresult *result =
        session_run_prepared(&queue->session, "apply", 3, values);
    if (result == NULL)
        return fail(queue);
    job->result = PQntuples(result) > 0 ? STORE_ADDED : STORE_OVERFLOW;
    job->balance = PQntuples(result) > 0 ? number(result, 0, 0) : 0;
    PQclear(result);
    result = session_run(&queue->session, "commit");
    PQclear(result);
    return result != NULL ? QUEUE_TAKEN : fail(queue);
}

// After an overflow, one by one: only the event that overflows must fail.
static enum queue_result
apply_one_by_one(struct queue *queue, struct job jobs[QUEUE_BATCH], int *count)
{
    enum queue_result result = QUEUE_TAKEN;
    for (*count = 0; *count < QUEUE_BATCH; ++*count) {
        result = queue_take(queue, &jobs[*count]);
        if (result == QUEUE_TAKEN)
            result = queue_apply(queue, &jobs[*count]);
        if (result != QUEUE_TAKEN)
            break;
    }
    return *count > 0 ? QUEUE_TAKEN : result;
}

enum queue_result queue_apply_several(struct queue *queue,
                                      struct job jobs[QUEUE_BATCH], int *count)
{
    char max[16];
    const char *const values[] = {max};
    *count = 0;
    snprintf(max, sizeof max, "%d", QUEUE_BATCH);
    if (!is_open(queue))
        return QUEUE_LOST;
    PGresult *result =
        session_run_prepared(&queue->session, "apply_several", 1, values);
    if (result == NULL && strcmp(queue->session.code, "22003") == 0)
        return apply_one_by_one(queue, jobs, count);
    if (result == NULL)
        return fail(queue);
    for (*count = 0; *count < PQntuples(result); ++*count) {
        struct job *job = &jobs[*count];
        copy_name(job->event.user, PQgetvalue(result, *count, 0));
        job->event.amount = number(result, *count, 1);
        job->result = STORE_ADDED;
        job->balance = number(result, *count, 2);
        job->since = since(result, *count, 3);
    }
    PQclear(result);
    return *count > 0 ? QUEUE_TAKEN : QUEUE_EMPTY;
}

int64_t queue_waiting(const struct place *place)
{
    struct session session;
    char setup[SCHEMA_SETUP_SIZE];
    PGresult *result = NULL;
    session_init(&session, place);
    schema_setup(place, "", setup);
    if (session_open(&session, setup))
        result = session_run(&session, "select count(*) from slot"
                                       " where seq is not null");
    int64_t length = result != NULL ? number(result, 0, 0) : -1;
    PQclear(result);
    session_close(&session);
    return length;
}
