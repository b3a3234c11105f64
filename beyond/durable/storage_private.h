#ifndef THAW_BEYOND_DURABLE_STORAGE_PRIVATE_H
#define THAW_BEYOND_DURABLE_STORAGE_PRIVATE_H

// storage_private.h - what storage.c and group_commit.c share

#include "beyond/durable/storage.h"

enum outcome {
    OUTCOME_FAILED,  // the transaction failed
    OUTCOME_UNKNOWN, // it failed, but it may be in the file all the same
    OUTCOME_ACCEPTED,
    OUTCOME_ACCEPTED_BEFORE, // with this key
    OUTCOME_REUSED,          // this key, for another event
    OUTCOME_FULL,
};

// What a client asked for. Its mail comes first: the mailbox frees it all.
struct request {
    struct mail mail; // in the list of the storage, then in the mailbox
    bool is_offer;    // of an event; else a look at balances
    bool has_place;   // in the channel
    enum outcome outcome;
    int64_t id;                        // of an accepted event
    struct event event;                // a look needs only its user
    char key[IDEMPOTENCY_KEY_MAX + 1]; // empty: none
};

// A balance that a worker changes. It is on the worker's stack.
struct change {
    struct change *next;
    const struct stored_job *job;
    enum store_result *result;
    int64_t *balance;
    enum { CHANGE_WAITING, CHANGE_WRITTEN, CHANGE_LEFT } state;
    pthread_cond_t over; // it no longer waits
};

// Fills in the response to a request whose group is settled. `fault`: why the
// group could not be written.
void storage_respond(struct database *database, struct request *request,
                     const char *fault);

// The thread's function; its argument is the storage.
void *group_commit(void *argument);

#endif
