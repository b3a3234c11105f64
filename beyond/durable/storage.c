#include "beyond/durable/storage.h"
#include "beyond/durable/storage_private.h"
#include "lib/base/process.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void storage_add_options(struct storage *storage, struct options *options)
{
    struct database *database = &storage->database;
    storage->options = options;
    *database = (struct database){
        .path = "durable.db", .users_max = 2000, .keys_max = 100000};
    options_add_text(options, "--database", "FILE", &database->path,
                     "the accepted events and the balances");
    options_add_number(options, "--users-max", &database->users_max, 1, 1000000,
                       "users that may have a balance");
    options_add_number(options, "--keys-max", &database->keys_max, 1, 100000000,
                       "idempotency keys to remember");
}

static void restore(void *context, int64_t id, const struct event *event)
{
    struct storage *storage = context;
    const struct stored_job job = {*event, 0, id};
    enum channel_send result = channel_try_send(storage->jobs, &job);
    assert(result == CHANNEL_SENT && "a slot for each");
    metrics_add(METRIC_EVENTS_ACCEPTED, 1);
}

// After a crash more jobs may be in the file than may wait: those that the
// workers had taken come back, too.
static int make_channel(struct storage *storage)
{
    size_t slots = (size_t)storage->capacity;
    if (!database_count(&storage->database, &storage->restored)) {
        errno = EIO;
        return process_cannot("read the events in %s", storage->database.path);
    }
    if (slots < storage->restored)
        slots = storage->restored;
    return channel_init(storage->jobs, slots, sizeof(struct stored_job));
}

// A trace empties its file when it begins.
static int check_trace(const struct storage *storage)
{
    const char *path = storage->database.path;
    struct stat database;
    struct stat trace;
    if (storage->options == NULL || storage->options->trace == NULL ||
        stat(path, &database) < 0 ||
        stat(storage->options->trace, &trace) < 0 ||
        trace.st_dev != database.st_dev || trace.st_ino != database.st_ino)
        return 0;
    errno = EINVAL;
    return process_cannot("use %s for the trace, too", path);
}

int storage_init(struct storage *storage, int capacity, struct channel *jobs,
                 struct mailbox *responses)
{
    *storage = (struct storage){.database = storage->database,
                                .options = storage->options,
                                .capacity = capacity,
                                .jobs = jobs,
                                .responses = responses,
                                .last = &storage->requests,
                                .end = &storage->changes};
    pthread_mutex_init(&storage->mutex, NULL);
    pthread_cond_init(&storage->changed, NULL);
    if (database_open(&storage->database) < 0 || check_trace(storage) < 0)
        return -1;
    return make_channel(storage);
}

int storage_start(struct storage *storage)
{
    if (!database_read(&storage->database, restore, storage)) {
        errno = EIO;
        return process_cannot("read the events in %s", storage->database.path);
    }
    // pthread functions return their error and leave errno alone.
    errno = pthread_create(&storage->thread, NULL, group_commit, storage);
    return errno == 0 ? 0 : process_cannot("start the storage thread");
}

// The mutex is held: so an offer that has got its job into the channel is not
// counted twice, or not at all.
static int64_t count_waiting(struct storage *storage)
{
    return storage->offered + (int64_t)channel_length(storage->jobs);
}

int64_t storage_waiting(struct storage *storage)
{
    pthread_mutex_lock(&storage->mutex);
    int64_t count = count_waiting(storage);
    pthread_mutex_unlock(&storage->mutex);
    return count;
}

// The response is that of a busy server, until the thread has a better one: the
// time in Retry-After is for this thread alone (respond.h).
static struct request *new_request(const char *user,
                                   struct http_response *response)
{
    struct request *request = malloc(sizeof *request);
    if (request == NULL)
        return NULL;
    *request = (struct request){.mail.conn = response->conn};
    request->mail.response.since = response->since;
    respond_busy(&request->mail.response);
    memcpy(request->event.user, user, strlen(user) + 1);
    return request;
}

// The mutex is held.
static void add_request(struct storage *storage, struct request *request)
{
    *storage->last = &request->mail;
    storage->last = &request->mail.next;
    pthread_cond_signal(&storage->changed);
}

// Without a place, the event may still be one that was accepted before.
bool storage_offer(struct storage *storage, const struct event *event,
                   const char *key, struct http_response *response)
{
    struct request *request = new_request(event->user, response);
    if (request == NULL)
        return false;
    request->is_offer = true;
    request->event = *event;
    memcpy(request->key, key, strlen(key) + 1);
    pthread_mutex_lock(&storage->mutex);
    request->has_place = count_waiting(storage) < storage->capacity;
    response->deferred = request->has_place || key[0] != '\0';
    if (request->has_place)
        storage->offered++;
    if (response->deferred)
        add_request(storage, request);
    pthread_mutex_unlock(&storage->mutex);
    if (!response->deferred)
        free(request);
    return response->deferred;
}

bool storage_look_up(struct storage *storage, const char *user,
                     struct http_response *response)
{
    struct request *request = new_request(user, response);
    if (request == NULL)
        return false;
    response->deferred = true;
    pthread_mutex_lock(&storage->mutex);
    add_request(storage, request);
    pthread_mutex_unlock(&storage->mutex);
    return true;
}

bool storage_apply(struct storage *storage, const struct stored_job *job,
                   enum store_result *result, int64_t *balance)
{
    struct change change = {.job = job, .result = result, .balance = balance};
    pthread_cond_init(&change.over, NULL);
    pthread_mutex_lock(&storage->mutex);
    *storage->end = &change;
    storage->end = &change.next;
    pthread_cond_signal(&storage->changed);
    while (change.state == CHANGE_WAITING)
        pthread_cond_wait(&change.over, &storage->mutex);
    pthread_mutex_unlock(&storage->mutex);
    pthread_cond_destroy(&change.over);
    return change.state == CHANGE_WRITTEN;
}

void storage_end(struct storage *storage)
{
    pthread_mutex_lock(&storage->mutex);
    storage->is_ending = true;
    pthread_cond_signal(&storage->changed);
    pthread_mutex_unlock(&storage->mutex);
}

void storage_stop(struct storage *storage)
{
    pthread_mutex_lock(&storage->mutex);
    storage->is_stopping = true;
    pthread_cond_signal(&storage->changed);
    pthread_mutex_unlock(&storage->mutex);
    pthread_join(storage->thread, NULL);
    database_close(&storage->database);
    pthread_cond_destroy(&storage->changed);
    pthread_mutex_destroy(&storage->mutex);
}
