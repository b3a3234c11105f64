#ifndef THAW_BEYOND_LANES_LANES_H
#define THAW_BEYOND_LANES_LANES_H

// lanes.h - a bounded queue for each worker; a name decides which one
//
//                    +--> [ job job job . ] --> worker 1
//     loop -- hash --+--> [ job . . . . . ] --> worker 2
//                    +--> [ . . . . . . . ] --> worker 3
//
// * All jobs of a user are in one lane, and its one worker keeps their order.
// * A job gets its slot at once, or is rejected. Its worker is told later: at
//   the end of the loop iteration, once for all jobs that came by then. This
//   message goes through a channel. The jobs themselves are in a ring which the
//   loop fills and the worker empties, so no lock is needed for them.
// * Between two jobs, and also without any, a worker responds to questions.
// * All memory is taken by lanes_init.

#include "beyond/lanes/siphash.h"
#include "stage2_async/loop.h"
#include "stage5_queue/channel.h"
#include "stage5_queue/job.h"

#include <stdalign.h>
#include <stdatomic.h>

enum { LANES_MAX = 1000 };
enum { LANES_CACHE_LINE = 64 }; // in bytes, on most machines

// What a worker does between two jobs, on its own thread. It comes first in
// something larger, which belongs to who asks.
struct question {
    void (*respond)(struct question *question, int worker);
    struct question *next; // while it is in a lane
};

struct lane {
    struct channel messages; // of uint64_t: so many jobs were accepted
    struct job *slots;       // a ring of capacity + 1, by totals
    char name[16];           // for the trace

    // What the loop writes. What one thread writes often is not in the cache
    // line of another, or their processors take it from each other.
    alignas(LANES_CACHE_LINE) _Atomic uint64_t accepted; // a total
    uint64_t announced; // of these, in messages
    uint64_t seen;      // that were taken, when the loop looked last
    bool is_asked;      // since the last message

    // What the worker writes.
    alignas(LANES_CACHE_LINE) _Atomic uint64_t taken; // a total
    uint64_t known;                                   // of the jobs accepted
    _Atomic(struct question *) questions;             // the newest first; rare
};

struct lanes {
    struct loop *loop;
    int pipe[2]; // pipe[0] stands for the lanes in the loop; it has no bytes
    struct siphash_key key;
    int count;
    size_t capacity;    // of each, in jobs
    int64_t news_since; // when the first news came that are not announced; 0
    bool is_busy;       // this iteration brought news
    bool is_urgent;     // a lane is half full
    struct lane all[LANES_MAX];
};

// Takes the memory. Returns -1 and sets errno.
int lanes_init(struct lanes *lanes, int count, int capacity);

// Before anything is sent: `loop` is the one whose iterations count. The same.
int lanes_register(struct lanes *lanes, struct loop *loop);

// Call it when no thread uses them any more.
void lanes_destroy(struct lanes *lanes);

// The loop's thread calls these. CHANNEL_FULL: the lane of this user is full.
enum channel_send lanes_try_send(struct lanes *lanes, const struct event *event,
                                 int64_t since);
int lanes_worker_of(const struct lanes *lanes, const char *user); // from 1
void lanes_ask(struct lanes *lanes, int worker, struct question *question);

// Nothing more will be sent or asked; what was is still done. The loop may have
// ended.
void lanes_close(struct lanes *lanes);

// How many jobs wait, of all and of one worker.
int64_t lanes_waiting(const struct lanes *lanes);
int64_t lane_waiting(const struct lane *lane);

// A worker calls it: waits for its next job, and responds to questions. False:
// closed, and every job was received. The job stays in its slot, which nothing
// changes until the next call.
bool lanes_receive(struct lanes *lanes, int worker, const struct job **job);

#endif
