#include "beyond/durable/storage_private.h"
#include "lib/base/clock.h"
#include "lib/base/trace.h"
#include "lib/service/admission.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

// What one transaction writes.
struct group {
    struct mail *requests;
    struct change *changes;
    char fault[128];  // why it could not be written; empty: it is written
    bool is_in_doubt; // it may be in the file all the same
};

// The mutex is held. A change that could not be written is tried again after a
// pause, or together with the next request.
static void wait_for_work(struct storage *storage)
{
    while (storage->requests == NULL && storage->changes == NULL &&
           !storage->is_stopping)
        pthread_cond_wait(&storage->changed, &storage->mutex);
    if (storage->is_failing && storage->requests == NULL &&
        !storage->is_ending) {
        struct timespec end;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_nsec += STORAGE_RETRY_MS * 1000000L;
        end.tv_sec += end.tv_nsec / 1000000000;
        end.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&storage->changed, &storage->mutex, &end);
    }
}

// Takes all that came while the last group was written. False: stopping.
static bool take_group(struct storage *storage, struct group *group)
{
    pthread_mutex_lock(&storage->mutex);
    wait_for_work(storage);
    *group = (struct group){storage->requests, storage->changes, "", false};
    storage->requests = NULL;
    storage->last = &storage->requests;
    storage->changes = NULL;
    storage->end = &storage->changes;
    pthread_mutex_unlock(&storage->mutex);
    return group->requests != NULL || group->changes != NULL;
}

static bool write_offer(struct database *database, struct request *request)
{
    enum database_key key = DATABASE_KEY_NEW;
    bool has_key = request->key[0] != '\0';
    if (has_key &&
        !database_find_key(database, request->key, &request->event, &key))
        return false;
    if (key == DATABASE_KEY_KNOWN)
        request->outcome = OUTCOME_ACCEPTED_BEFORE;
    else if (key == DATABASE_KEY_REUSED)
        request->outcome = OUTCOME_REUSED;
    else if (!request->has_place)
        request->outcome = OUTCOME_FULL;
    else
        request->outcome = OUTCOME_ACCEPTED;
    if (request->outcome != OUTCOME_ACCEPTED)
        return true;
    return database_accept(database, &request->event, &request->id) &&
           (!has_key ||
            database_add_key(database, request->key, &request->event));
}

static bool write_all(struct database *database, const struct group *group)
{
    if (!database_begin(database))
        return false;
    for (struct change *change = group->changes; change != NULL;
         change = change->next)
        if (!database_apply(database, change->job->id, &change->job->event,
                            change->result, change->balance))
            return false;
    for (struct mail *mail = group->requests; mail != NULL; mail = mail->next) {
        struct request *request = (struct request *)mail;
        if (request->is_offer && !write_offer(database, request))
            return false;
    }
    return database_commit(database);
}

// When an fdatasync fails, the whole transaction may be in the file, and an
// offer that got a 503 would be accepted after a crash. The next transaction
// overwrites it: so write one before any response.
static void write_group(struct database *database, struct group *group)
{
    int64_t start = clock_nanoseconds();
    if (!write_all(database, group)) {
        snprintf(group->fault, sizeof group->fault, "%s",
                 database_fault(database));
        group->is_in_doubt = database_is_in_doubt(database);
        database_roll_back(database);
        if (database_probe(database))
            group->is_in_doubt = false;
    }
    trace_span("commit", start);
}

// The mutex is held. What could not be written waits, before what came since.
static void settle_changes(struct storage *storage, const struct group *group)
{
    struct change *next;
    struct change **put_back = &storage->changes;
    for (struct change *change = group->changes; change != NULL;
         change = next) {
        next = change->next;
        if (storage->is_failing && !storage->is_ending) {
            change->next = *put_back;
            if (storage->end == put_back)
                storage->end = &change->next;
            *put_back = change;
            put_back = &change->next;
            continue;
        }
        change->state = storage->is_failing ? CHANGE_LEFT : CHANGE_WRITTEN;
        pthread_cond_signal(&change->over);
    }
}

// The mutex is held. An offer that has a place leaves it to its job, if it is
// accepted.
static void settle_offer(struct storage *storage, struct request *request,
                         bool is_in_doubt)
{
    if (storage->is_failing)
        request->outcome = is_in_doubt ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
    if (request->outcome == OUTCOME_ACCEPTED) {
        const struct stored_job job = {
            request->event, request->mail.response.since, request->id};
        enum channel_send result = channel_try_send(storage->jobs, &job);
        assert(result == CHANNEL_SENT && "it has a place");
    }
    if (request->has_place)
        storage->offered--;
}

static void settle_group(struct storage *storage, const struct group *group)
{
    pthread_mutex_lock(&storage->mutex);
    storage->is_failing = group->fault[0] != '\0';
    settle_changes(storage, group);
    for (struct mail *mail = group->requests; mail != NULL; mail = mail->next)
        settle_offer(storage, (struct request *)mail, group->is_in_doubt);
    pthread_mutex_unlock(&storage->mutex);
}

// The response keeps its Retry-After.
static void respond_failed(struct http_response *response, const char *fault)
{
    respond_json(response, HTTP_SERVICE_UNAVAILABLE,
                 json_pack("{s:s, s:s, s:s}", "status", "rejected", "reason",
                           "storage_failed", "detail", fault));
}

static void respond_offer(const struct request *request, const char *fault,
                          struct http_response *response)
{
    switch (request->outcome) {
    case OUTCOME_FAILED:
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        respond_failed(response, fault);
        break;
    case OUTCOME_UNKNOWN:
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        respond_error(response, HTTP_GATEWAY_TIMEOUT, fault);
        break;
    case OUTCOME_ACCEPTED:
        response->fields = NULL;
        admission_accept(response);
        break;
    case OUTCOME_ACCEPTED_BEFORE:
        response->fields = NULL;
        respond_accepted(response);
        break;
    case OUTCOME_REUSED:
        response->fields = NULL;
        metrics_add(METRIC_EVENTS_INVALID, 1);
        respond_error(response, HTTP_UNPROCESSABLE_CONTENT,
                      "this Idempotency-Key came with another event");
        break;
    case OUTCOME_FULL: // as storage.c has filled it in
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        break;
    }
}

static bool respond_look(struct database *database, const char *user,
                         struct http_response *response)
{
    bool found = true;
    int64_t balance = 0;
    bool is_read = user[0] == '\0'
                       ? database_write_balances(database, &response->text)
                       : database_balance(database, user, &found, &balance);
    if (!is_read)
        return false;
    response->fields = NULL;
    if (!found)
        respond_error(response, HTTP_NOT_FOUND, "no event of this user yet");
    else if (user[0] != '\0')
        respond_json(response, HTTP_OK,
                     json_pack("{s:s, s:I}", "user", user, "balance",
                               (json_int_t)balance));
    else {
        buffer_add_text(&response->text, "\n");
        respond_text(response, HTTP_OK);
    }
    return true;
}

static void respond_group(struct storage *storage, const struct group *group)
{
    struct mail *next;
    for (struct mail *mail = group->requests; mail != NULL; mail = next) {
        struct request *request = (struct request *)mail;
        struct http_response *response = &mail->response;
        next = mail->next;
        if (request->is_offer)
            respond_offer(request, group->fault, response);
        else if (!respond_look(&storage->database, request->event.user,
                               response)) {
            buffer_clear(&response->text);
            respond_failed(response, database_fault(&storage->database));
        }
        mailbox_post(storage->responses, mail);
    }
}

void *group_commit(void *argument)
{
    struct storage *storage = argument;
    struct group group;
    while (take_group(storage, &group)) {
        write_group(&storage->database, &group);
        settle_group(storage, &group);
        respond_group(storage, &group);
    }
    return NULL;
}
