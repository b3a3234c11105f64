// The loop's side: lanes_try_send --> on_iteration_end --> announce_all
// A worker's side: lanes_receive <--> respond

#include "beyond/lanes/lanes.h"
#include "lib/base/net.h"
#include "lib/base/trace.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DELAY_MAX = 1000000 }; // in nanoseconds, until jobs are announced

int64_t lane_waiting(const struct lane *lane)
{
    return (int64_t)(lane->accepted - lane->taken);
}

int64_t lanes_waiting(const struct lanes *lanes)
{
    int64_t sum = 0;
    for (int i = 0; i < lanes->count; i++)
        sum += lane_waiting(&lanes->all[i]);
    return sum;
}

// One more than may wait: that of the job on which the worker works.
static struct job *slot(const struct lanes *lanes, const struct lane *lane,
                        uint64_t total)
{
    return &lane->slots[total % (lanes->capacity + 1)];
}

// A worker that has not received its last message will see the questions, too.
static bool has_news(struct lane *lane)
{
    return lane->announced < lane->accepted ||
           (lane->is_asked && channel_length(&lane->messages) == 0);
}

// The mutex of the channel orders what the loop wrote before, and what the
// worker reads after it received the message. There is a slot for each message:
// each announces jobs that wait, and one, at most, questions alone.
static void announce(struct lane *lane)
{
    uint64_t accepted = lane->accepted;
    enum channel_send result = channel_try_send(&lane->messages, &accepted);
    assert(result == CHANNEL_SENT);
    (void)result;
    lane->announced = accepted;
}

static void announce_all(struct lanes *lanes)
{
    for (int i = 0; i < lanes->count; i++) {
        struct lane *lane = &lanes->all[i];
        if (has_news(lane))
            announce(lane);
        lane->is_asked = false;
    }
    lanes->news_since = 0;
    lanes->is_urgent = false;
}

// Something is to be announced.
static void note_news(struct lanes *lanes)
{
    if (lanes->news_since == 0)
        lanes->news_since = lanes->loop->ready_at;
    lanes->is_busy = true;
    loop_wake(lanes->loop, lanes->pipe[0]);
}

// The loop calls it after all connections that were ready (loop_wake). Waking a
// thread costs as much as an event, so jobs are collected as long as each
// iteration brings more of them.
static short on_iteration_end(void *context, short revents)
{
    (void)revents;
    struct lanes *lanes = context;
    int64_t delay = lanes->loop->ready_at - lanes->news_since;
    if (!lanes->is_busy || lanes->is_urgent || delay >= DELAY_MAX)
        announce_all(lanes);
    else
        loop_wake(lanes->loop, lanes->pipe[0]); // it will not wait
    lanes->is_busy = false;
    return 0;
}

int lanes_init(struct lanes *lanes, int count, int capacity)
{
    *lanes = (struct lanes){.pipe = {-1, -1},
                            .key = siphash_random_key(),
                            .count = count,
                            .capacity = (size_t)capacity};
    for (int i = 0; i < count; i++) {
        struct lane *lane = &lanes->all[i];
        snprintf(lane->name, sizeof lane->name, "lane %d", i + 1);
        lane->slots = calloc(lanes->capacity + 1, sizeof *lane->slots);
        if (lane->slots == NULL ||
            channel_init(&lane->messages, lanes->capacity + 1,
                         sizeof(uint64_t)) < 0)
            return -1;
    }
    return 0;
}

int lanes_register(struct lanes *lanes, struct loop *loop)
{
    lanes->loop = loop;
    if (net_self_pipe(lanes->pipe) < 0)
        return -1;
    return loop_register(loop, lanes->pipe[0], on_iteration_end, lanes);
}

void lanes_destroy(struct lanes *lanes)
{
    for (int i = 0; i < lanes->count; i++) {
        channel_destroy(&lanes->all[i].messages);
        free(lanes->all[i].slots);
    }
    close(lanes->pipe[0]);
    close(lanes->pipe[1]);
}

int lanes_worker_of(const struct lanes *lanes, const char *user)
{
    uint64_t hash = siphash(&lanes->key, slice_of(user));
    return (int)(hash % (uint64_t)lanes->count) + 1;
}

// Only as much as the names are long: a slot has room for the longest ones.
static void fill(struct job *job, const struct event *event, int64_t since)
{
    memcpy(job->event.user, event->user, strlen(event->user) + 1);
    memcpy(job->event.action, event->action, strlen(event->action) + 1);
    job->event.amount = event->amount;
    job->since = since;
}

// A ring is larger than a cache, so the next slot is in memory: it comes while
// the loop does something else.
static void fetch(const struct job *job)
{
    __builtin_prefetch(job->event.user, 1);
    __builtin_prefetch(job->event.action, 1);
    __builtin_prefetch(&job->event.amount, 1);
}

enum channel_send lanes_try_send(struct lanes *lanes, const struct event *event,
                                 int64_t since)
{
    int worker = lanes_worker_of(lanes, event->user);
    struct lane *lane = &lanes->all[worker - 1];
    uint64_t accepted = lane->accepted;
    // Acquire: the worker has done with the slots that the loop fills again.
    if (accepted - lane->seen >= lanes->capacity / 2)
        lane->seen = atomic_load_explicit(&lane->taken, memory_order_acquire);
    if (accepted - lane->seen == lanes->capacity)
        return CHANNEL_FULL;
    fill(slot(lanes, lane, accepted), event, since);
    fetch(slot(lanes, lane, accepted + 1));
    atomic_store_explicit(&lane->accepted, accepted + 1, memory_order_relaxed);
    trace_count(lane->name, lane_waiting(lane));
    lanes->is_urgent |= accepted - lane->seen >= lanes->capacity / 2;
    note_news(lanes);
    return CHANNEL_SENT;
}

void lanes_ask(struct lanes *lanes, int worker, struct question *question)
{
    struct lane *lane = &lanes->all[worker - 1];
    question->next = lane->questions;
    while (!atomic_compare_exchange_weak(&lane->questions, &question->next,
                                         question))
        ;
    lane->is_asked = true;
    note_news(lanes);
}

void lanes_close(struct lanes *lanes)
{
    announce_all(lanes);
    for (int i = 0; i < lanes->count; i++)
        channel_close(&lanes->all[i].messages);
}

// Who asked may free the question at once.
static void respond(struct lane *lane, int worker)
{
    struct question *question = NULL;
    if (lane->questions != NULL)
        question = atomic_exchange(&lane->questions, NULL);
    while (question != NULL) {
        struct question *next = question->next;
        question->respond(question, worker);
        question = next;
    }
}

bool lanes_receive(struct lanes *lanes, int worker, const struct job **job)
{
    struct lane *lane = &lanes->all[worker - 1];
    uint64_t taken = lane->taken;
    respond(lane, worker);
    while (taken == lane->known) {
        if (!channel_receive(&lane->messages, &lane->known))
            return false;
        respond(lane, worker);
    }
    *job = slot(lanes, lane, taken);
    atomic_store_explicit(&lane->taken, taken + 1, memory_order_release);
    trace_count(lane->name, lane_waiting(lane));
    return true;
}
