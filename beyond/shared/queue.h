#ifndef THAW_BEYOND_SHARED_QUEUE_H
#define THAW_BEYOND_SHARED_QUEUE_H

// queue.h - a worker's view of the table: take a job, apply it
//
//     begin; take ----> the row is locked ----> apply; commit: it is free
//                              |
//                              +--> the worker dies: the row is unlocked, and
//                                   another worker takes it
//
// * The balance changes in the transaction that frees the row: both happen, or
//   neither does. So each job is applied once, whatever dies.
// * Each thread has a queue of its own, with its own connection.

#include "beyond/shared/schema.h"
#include "beyond/shared/session.h"
#include "lib/event/event.h"
#include "lib/store/store.h"

enum { QUEUE_BATCH = 10 }; // jobs that are applied in one statement

enum queue_result {
    QUEUE_TAKEN,
    QUEUE_EMPTY, // or every job is locked by another worker
    QUEUE_LOST,  // the connection; what was not committed is rolled back
};

struct job {
    struct event event;
    int64_t since; // when it was accepted (durations.h), by our clock
    int slot;
    enum store_result result; // once it is applied
    int64_t balance;
};

struct queue {
    struct session session;
    char setup[SCHEMA_SETUP_SIZE];
};

// `work_ms` is how long the work on one job takes; -1: no one knows.
void queue_init(struct queue *queue, const struct place *place, int work_ms);
void queue_destroy(struct queue *queue);

// Takes one job, and begins a transaction that locks its row. Connects if there
// is no connection.
enum queue_result queue_take(struct queue *queue, struct job *job);

// Changes the balance, frees the row and commits: job->result and ->balance are
// set. QUEUE_LOST: this was not committed, or it is not known; another worker
// takes the job if it is still there.
enum queue_result queue_apply(struct queue *queue, struct job *job);

// Takes and applies up to QUEUE_BATCH jobs in one statement. *count is how
// many.
enum queue_result queue_apply_several(struct queue *queue,
                                      struct job jobs[QUEUE_BATCH], int *count);

// How many jobs wait, by a connection of its own; -1: that is not known.
int64_t queue_waiting(const struct place *place);

#endif
