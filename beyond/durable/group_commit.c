#include "beyond/durable/storage_private.h"
#include "lib/base/clock.h"
#include "lib/base/trace.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

// What one transaction writes.
struct group {
    struct mail *requests;
    struct change *changes;
    char fault[128]; // why it could not be written; empty: it is written
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
    *group = (struct group){storage->requests, storage->changes, ""};
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

// A transaction has failed. An event that was accepted earlier stays accepted,
// but not one of this transaction.
static void fail_offers(struct database *database, const struct group *group,
                        enum outcome outcome)
{
    for (struct mail *mail = group->requests; mail != NULL; mail = mail->next) {
        struct request *request = (struct request *)mail;
        enum database_key key = DATABASE_KEY_NEW;
        if (request->outcome != OUTCOME_ACCEPTED_BEFORE ||
            !database_find_key(database, request->key, &request->event, &key) ||
            key != DATABASE_KEY_KNOWN)
            request->outcome = outcome;
    }
}

// When an fdatasync fails, the whole transaction may be in the file, and an
// offer that got a 503 would be accepted after a crash. The next transaction
// overwrites it: so write one before any response.
//
// Returns whether the database can be written now.
static bool write_group(struct database *database, struct group *group)
{
    int64_t start = clock_nanoseconds();
    bool is_written = write_all(database, group);
    trace_span("commit", start);
    if (is_written)
        return true;
    snprintf(group->fault, sizeof group->fault, "%s", database_fault(database));
    bool is_in_doubt = database_is_in_doubt(database);
    database_roll_back(database);
    bool can_write = database_probe(database);
    if (!can_write)
        database_roll_back(database);
    fail_offers(database, group,
                is_in_doubt && !can_write ? OUTCOME_UNKNOWN : OUTCOME_FAILED);
    return can_write;
}

// The mutex is held. What could not be written waits, before what came since.
static void settle_changes(struct storage *storage, const struct group *group)
{
    struct change *next;
    struct change **put_back = &storage->changes;
    bool is_written = group->fault[0] == '\0';
    for (struct change *change = group->changes; change != NULL;
         change = next) {
        next = change->next;
        if (!is_written && !(storage->is_failing && storage->is_ending)) {
            change->next = *put_back;
            if (storage->end == put_back)
                storage->end = &change->next;
            *put_back = change;
            put_back = &change->next;
            continue;
        }
        change->state = is_written ? CHANGE_WRITTEN : CHANGE_LEFT;
        pthread_cond_signal(&change->over);
    }
}

// The mutex is held. An offer that has a place leaves it to its job, if it is
// accepted.
static void settle_offer(struct storage *storage, struct request *request)
{
    if (request->outcome == OUTCOME_ACCEPTED) {
        const struct stored_job job = {
            request->event, request->mail.response.since, request->id};
        enum channel_send result = channel_try_send(storage->jobs, &job);
        assert(result == CHANNEL_SENT && "it has a place");
    }
    if (request->has_place)
        storage->offered--;
}

static void settle_group(struct storage *storage, const struct group *group,
                         bool can_write)
{
    pthread_mutex_lock(&storage->mutex);
    storage->is_failing = !can_write;
    settle_changes(storage, group);
    for (struct mail *mail = group->requests; mail != NULL; mail = mail->next)
        settle_offer(storage, (struct request *)mail);
    pthread_mutex_unlock(&storage->mutex);
}

static void respond_group(struct storage *storage, const struct group *group)
{
    struct mail *next;
    for (struct mail *mail = group->requests; mail != NULL; mail = next) {
        next = mail->next;
        storage_respond(&storage->database, (struct request *)mail,
                        group->fault);
        mailbox_post(storage->responses, mail);
    }
}

void *group_commit(void *argument)
{
    struct storage *storage = argument;
    struct group group;
    while (take_group(storage, &group)) {
        bool can_write = write_group(&storage->database, &group);
        settle_group(storage, &group, can_write);
        respond_group(storage, &group);
    }
    return NULL;
}
