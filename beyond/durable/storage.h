#ifndef THAW_BEYOND_DURABLE_STORAGE_H
#define THAW_BEYOND_DURABLE_STORAGE_H

// storage.h - one thread that writes for all: group commit
//
//     loop    -- offers ----> [ . . . ] --+
//     workers -- changes ---> [ . . . ] --+--> one transaction, one fdatasync
//                                                   |
//     loop    <-- responses (mailbox) --------------+
//     workers <-- jobs (channel) -------------------+
//
// * While a transaction is written, others wait; the next one has all of them.
// * A client gets its 202, and a worker its job, after the commit.
// * An event leaves the file in the transaction that changes its balance. So it
//   is applied exactly once, whenever the process dies.
// * When a transaction fails, its offers are rejected: 503 storage_failed. Its
//   changes stay, and are tried again.
// * When it is not known whether it failed, the response says so: 504
//   outcome_unknown. The client sends its event again, with the same key.
// * The loop never waits for this thread.

#include "beyond/durable/database.h"
#include "beyond/idempotency_key.h"
#include "lib/base/options.h"
#include "lib/http/http_response.h"
#include "stage4_slow/mailbox.h"
#include "stage5_queue/channel.h"

#include <pthread.h>

enum { STORAGE_RETRY_MS = 200 }; // between two tries of a failed transaction

struct stored_job {
    struct event event;
    int64_t since; // when its request was ready; 0: in an earlier process
    int64_t id;    // in the database
};

struct storage {
    struct database database;      // of the storage thread, once it runs
    const struct options *options; // of the command line; NULL: none
    int capacity;                  // jobs that may wait
    struct channel *jobs;          // of struct stored_job, to the workers
    struct mailbox *responses;
    size_t restored; // jobs that an earlier process left
    pthread_t thread;

    pthread_mutex_t mutex;         // guards all that follows
    pthread_cond_t changed;        // something to do, or stopping
    struct mail *requests, **last; // from clients
    struct change *changes, **end; // from workers
    int offered;                   // requests that have a place in the channel
    bool is_failing;               // nothing can be written
    bool is_ending;                // what cannot be written stays in the file
    bool is_stopping;              // the thread ends when nothing is left
};

// Puts --database, --users-max and --keys-max into the command line.
void storage_add_options(struct storage *storage, struct options *options);

// Opens the database, and makes a channel for `capacity` jobs, or for more if
// more are in the file. Returns -1 and sets errno.
int storage_init(struct storage *storage, int capacity, struct channel *jobs,
                 struct mailbox *responses);

// Sends the jobs that are in the file, in the order of their acceptance, counts
// them as accepted, and starts the thread. Workers may wait already. Returns -1
// and sets errno.
int storage_start(struct storage *storage);

// The loop. Offers an event, with its idempotency key or "". The response is
// deferred: 202; 422 if the key came with another event; 503. False: as many
// jobs wait as may wait, offers included, or there is no memory.
bool storage_offer(struct storage *storage, const struct event *event,
                   const char *key, struct http_response *response);

// The loop. Defers the response: the user's balance, or all for "". False:
// there is no memory.
bool storage_look_up(struct storage *storage, const char *user,
                     struct http_response *response);

// A worker, when a job's work is done. Waits until the balance is changed, and
// the change is written. False: it cannot be written while the server ends, so
// the event is still in the file.
bool storage_apply(struct storage *storage, const struct stored_job *job,
                   enum store_result *result, int64_t *balance);

// How many jobs wait: in the channel, or for their commit. Any thread.
int64_t storage_waiting(struct storage *storage);

// No client is left: from now on, a change that cannot be written is not tried
// again.
void storage_end(struct storage *storage);

// No worker is left. Joins the thread and closes the file.
void storage_stop(struct storage *storage);

#endif
