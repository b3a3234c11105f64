// poll(2) again, but in each turn only for those that were ready lately: the
// hot ones. The others are looked at a piece at a time, in a tenth of the time.
// Only when a round of pieces found nobody does it wait for all of them.

#include "stage2_async/loop_readiness.h"

#include "lib/clock.h"

#include <stdlib.h>

enum {
    LATELY = 32,      // in turns: who was not ready in so many gets cold
    PIECE = 64,       // in descriptors; so few need no pieces
    SHARE = 10,       // one part in so many of the time goes to pieces
    SAVED = 10000000, // in nanoseconds: a share is saved no longer
    NAP = 1,          // in milliseconds, until pieces have a share again
    COLD = -1,        // instead of an age
};

struct waiting {
    struct pollfd *hot; // without gaps, each descriptor at most once
    int hot_count;
    int *age;           // [descriptor]: turns since it was ready, or COLD
    int size;           // of both arrays
    int piece;          // the first descriptor of the next piece
    int64_t next_piece; // in nanoseconds: not before
    int looked_at;      // so many, in pieces, in this round
};

static int open_waiting(struct loop *loop)
{
    loop->waiting = calloc(1, sizeof(struct waiting));
    return loop->waiting != NULL ? 0 : -1;
}

static void close_waiting(struct loop *loop)
{
    struct waiting *waiting = loop->waiting;
    free(waiting->hot);
    free(waiting->age);
    free(waiting);
}

static int make_room(struct waiting *waiting, int size)
{
    if (waiting->size >= size)
        return 0;
    struct pollfd *hot =
        realloc(waiting->hot, (size_t)size * sizeof *waiting->hot);
    if (hot == NULL)
        return -1;
    waiting->hot = hot;
    int *age = realloc(waiting->age, (size_t)size * sizeof *waiting->age);
    if (age == NULL)
        return -1;
    waiting->age = age;
    for (int i = waiting->size; i < size; i++)
        age[i] = COLD;
    waiting->size = size;
    return 0;
}

static void warm_up(struct waiting *waiting, int descriptor)
{
    if (waiting->age[descriptor] == COLD)
        waiting->hot[waiting->hot_count++].fd = descriptor;
    waiting->age[descriptor] = 0;
}

// Who begins to wait is hot at first.
static int change(struct loop *loop, int descriptor, short events)
{
    struct waiting *waiting = loop->waiting;
    if (events == LOOP_NOTHING)
        return 0;
    if (descriptor >= waiting->size && make_room(waiting, loop->size) < 0)
        return -1;
    warm_up(waiting, descriptor);
    return 0;
}

// Copies what the hot ones wait for, and drops who is not hot any more.
static void keep_hot(struct waiting *waiting, const struct pollfd *polled)
{
    int count = 0;
    for (int i = 0; i < waiting->hot_count; i++) {
        int descriptor = waiting->hot[i].fd;
        int *age = &waiting->age[descriptor];
        if (polled[descriptor].fd < 0 || *age == LATELY) {
            *age = COLD;
            continue;
        }
        ++*age;
        waiting->hot[count++] = polled[descriptor];
    }
    waiting->hot_count = count;
}

static int look_at_hot(struct loop *loop, int milliseconds)
{
    struct waiting *waiting = loop->waiting;
    int ready = poll(waiting->hot, (nfds_t)waiting->hot_count, milliseconds);
    for (int i = 0; ready > 0 && i < waiting->hot_count; i++) {
        const struct pollfd *found = &waiting->hot[i];
        if (found->revents == 0)
            continue;
        loop->polled[found->fd].revents = found->revents;
        waiting->age[found->fd] = 0;
    }
    return ready;
}

// Those from `start` up to `end`, hot or cold.
static int look_at_range(struct loop *loop, int start, int end,
                         int milliseconds)
{
    struct pollfd *polled = loop->polled;
    int ready = poll(polled + start, (nfds_t)(end - start), milliseconds);
    for (int i = start; ready > 0 && i < end; i++)
        if (polled[i].revents != 0)
            warm_up(loop->waiting, i);
    return ready;
}

static int look_at_piece(struct loop *loop)
{
    struct waiting *waiting = loop->waiting;
    int start = waiting->piece < loop->end ? waiting->piece : 0;
    int end = loop->end - start > PIECE ? start + PIECE : loop->end;
    waiting->piece = end;
    waiting->looked_at += end - start;
    return look_at_range(loop, start, end, 0);
}

// Neither saved up nor overdrawn for long.
static int64_t within(int64_t moment, int64_t now)
{
    if (moment < now - SAVED)
        return now - SAVED;
    return moment < now + SAVED ? moment : now + SAVED;
}

// As many pieces as there is time for, until somebody is ready. A failure is
// nothing: they are looked at again in the next round.
static int look_at_pieces(struct loop *loop)
{
    struct waiting *waiting = loop->waiting;
    int64_t now = clock_nanoseconds();
    int ready = 0;
    waiting->next_piece = within(waiting->next_piece, now);
    while (ready <= 0 && waiting->next_piece <= now &&
           waiting->looked_at < loop->end) {
        int64_t start = now;
        ready = look_at_piece(loop);
        now = clock_nanoseconds();
        waiting->next_piece += SHARE * (now - start);
    }
    return ready > 0 ? ready : 0;
}

static int wait_for_ready(struct loop *loop, int milliseconds)
{
    struct waiting *waiting = loop->waiting;
    keep_hot(waiting, loop->polled);
    if (loop->end <= PIECE)
        return look_at_range(loop, 0, loop->end, milliseconds);
    int ready = look_at_hot(loop, 0);
    if (ready < 0)
        return -1;
    ready += look_at_pieces(loop);
    bool is_quiet = waiting->looked_at >= loop->end;
    if (ready == 0 && milliseconds != 0)
        ready = is_quiet ? look_at_range(loop, 0, loop->end, milliseconds)
                         : look_at_hot(loop, NAP);
    // Another round begins. Without it, who wakes itself would hide all others.
    if (ready != 0 || milliseconds == 0)
        waiting->looked_at = 0;
    return ready;
}

// Whatever is ready is hot by now.
static int next(struct loop *loop)
{
    const struct waiting *waiting = loop->waiting;
    while (loop->at < waiting->hot_count) {
        int descriptor = waiting->hot[loop->at++].fd;
        if (loop->polled[descriptor].revents != 0)
            return descriptor;
    }
    return -1;
}

const struct loop_readiness loop_hot_poll = {.name = "hot-poll",
                                             .open = open_waiting,
                                             .close = close_waiting,
                                             .change = change,
                                             .wait = wait_for_ready,
                                             .next = next};
