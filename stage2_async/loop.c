#include "stage2_async/loop.h"
#include "lib/base/clock.h"
#include "stage2_async/loop_backend.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct loop_register {
    loop_callback *callback; // NULL: nobody watches this descriptor
    void *context;
    int64_t deadline; // in milliseconds
};

enum { PAUSE = 100 };  // in milliseconds: memory is freed by others too
enum { WAKE_NOW = 0 }; // a deadline that always has come
static const int64_t never = INT64_MAX;
// In milliseconds: deadlines are rounded up to it, so that many of them are
// looked at together.
enum { GRAIN = 16 };

void loop_init(struct loop *loop)
{
    *loop = (struct loop){.backend = &loop_poll,
                          .now = clock_milliseconds(),
                          .next_deadline = never};
}

int loop_use_backend(struct loop *loop, const char *backend)
{
    static const struct loop_backend *const all[] = {
        &loop_poll,
#ifdef THAW_HAS_EPOLL
        &loop_epoll,
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->name, backend) != 0)
            continue;
        if (all[i]->open != NULL && all[i]->open(loop) < 0)
            return -1;
        loop->backend = all[i];
        return 0;
    }
    errno = EINVAL;
    return -1;
}

void loop_destroy(struct loop *loop)
{
    if (loop->backend->close != NULL)
        loop->backend->close(loop);
    free(loop->polled);
    free(loop->watches);
}

// Descriptors are small numbers, the smallest free one is always taken. So the
// descriptor itself can be the index, and an entry never has to move.
static int make_room(struct loop *loop, int descriptor)
{
    int size = loop->size > 0 ? loop->size : 64;
    while (size <= descriptor)
        size += size / 2;
    if (size == loop->size)
        return 0;
    struct pollfd *polled =
        realloc(loop->polled, (size_t)size * sizeof *polled);
    if (polled == NULL)
        return -1;
    loop->polled = polled;
    struct loop_register *watches =
        realloc(loop->watches, (size_t)size * sizeof *watches);
    if (watches == NULL)
        return -1;
    loop->watches = watches;
    for (int i = loop->size; i < size; i++) {
        polled[i] = (struct pollfd){.fd = -1};
        watches[i] = (struct loop_register){0};
    }
    loop->size = size;
    return 0;
}

// It may be open still, so nobody may go on waiting for it.
static void forget(struct loop *loop, int descriptor)
{
    if (loop->polled[descriptor].fd >= 0)
        loop->backend->change(loop, descriptor, LOOP_NOTHING);
    loop->polled[descriptor].fd = -1;
    loop->polled[descriptor].revents = 0;
    loop->watches[descriptor].callback = NULL;
    while (loop->end > 0 && loop->watches[loop->end - 1].callback == NULL)
        loop->end--;
}

static void set_deadline(struct loop *loop, int descriptor, int64_t deadline)
{
    loop->watches[descriptor].deadline = deadline;
    if (deadline < loop->next_deadline)
        loop->next_deadline = deadline;
}

// Where the kernel has no memory to remember what is waited for, the deadline
// comes soon: a client is closed, and the listener tries again.
static void wait_for(struct loop *loop, int descriptor, short events)
{
    struct pollfd *polled = &loop->polled[descriptor];
    int waiting = events == LOOP_NOTHING ? -1 : descriptor;
    if (polled->fd == waiting && (waiting < 0 || polled->events == events))
        return;
    if (loop->backend->change(loop, descriptor, events) < 0) {
        set_deadline(loop, descriptor, loop->now + PAUSE);
        return;
    }
    polled->fd = waiting;
    polled->events = events;
}

// The callback may watch new descriptors, and so move the arrays.
static void call(struct loop *loop, int descriptor, short revents)
{
    const struct loop_register watch = loop->watches[descriptor];
    assert(watch.callback != NULL);
    short events = watch.callback(watch.context, revents);
    if (events == LOOP_REMOVE)
        forget(loop, descriptor);
    else
        wait_for(loop, descriptor, events);
}

int loop_register(struct loop *loop, int descriptor, loop_callback *callback,
                  void *context)
{
    if (make_room(loop, descriptor) < 0)
        return -1;
    loop->watches[descriptor] =
        (struct loop_register){callback, context, never};
    // What was found in this turn was about an earlier owner of the number.
    loop->polled[descriptor].revents = 0;
    if (loop->end <= descriptor)
        loop->end = descriptor + 1;
    call(loop, descriptor, POLLIN | POLLOUT);
    return 0;
}

void loop_set_deadline(struct loop *loop, int descriptor, int delay)
{
    // Not from loop->now: this turn may have taken long already.
    int64_t deadline = clock_milliseconds() + delay + GRAIN - 1;
    set_deadline(loop, descriptor,
                 delay < 0 ? never : deadline - deadline % GRAIN);
}

void loop_wake(struct loop *loop, int descriptor)
{
    set_deadline(loop, descriptor, WAKE_NOW);
}

static void call_ready(struct loop *loop, int ready)
{
    for (loop->at = 0; ready > 0; ready--) {
        int descriptor = loop->backend->next(loop);
        if (descriptor < 0)
            return;
        short revents = loop->polled[descriptor].revents;
        loop->polled[descriptor].revents = 0;
        if (revents != 0)
            call(loop, descriptor, revents);
    }
}

// Looks at all deadlines, and finds the next. A callback may set others'.
static void call_overdue(struct loop *loop)
{
    loop->next_deadline = never;
    for (int i = 0; i < loop->end; i++) {
        int64_t deadline = loop->watches[i].deadline;
        if (loop->watches[i].callback == NULL)
            continue;
        if (deadline > loop->now) {
            set_deadline(loop, i, deadline);
            continue;
        }
        loop->watches[i].deadline = never;
        call(loop, i, deadline == WAKE_NOW ? POLLIN | POLLOUT : 0);
    }
}

void loop_before_wait(struct loop *loop, void callback(void *context),
                      void *context)
{
    loop->before_wait = callback;
    loop->before_wait_context = context;
}

static int time_left(const struct loop *loop)
{
    if (loop->next_deadline == never)
        return -1;
    int64_t left = loop->next_deadline - clock_milliseconds();
    if (left < 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

int loop_run(struct loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        if (loop->before_wait != NULL)
            loop->before_wait(loop->before_wait_context);
        int ready = loop->backend->wait(loop, time_left(loop));
        // Not all systems agree on which of the two says so.
        bool no_memory = ready < 0 && (errno == ENOMEM || errno == EAGAIN);
        if (ready < 0 && !no_memory && errno != EINTR)
            return -1;
        if (no_memory)
            poll(NULL, 0, PAUSE); // waits, and needs none
        loop->now = clock_milliseconds();
        call_ready(loop, ready);
        if (loop->next_deadline <= loop->now)
            call_overdue(loop);
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
