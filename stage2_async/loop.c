#include "stage2_async/loop.h"
#include "lib/base/clock.h"
#include "stage2_async/loop_backend.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loop_entry {
    loop_callback *callback; // NULL: the descriptor is not registered
    void *context;
    int64_t deadline; // in milliseconds
    bool is_woken;    // it is in loop->woken
};

enum { PAUSE_MS = 100 }; // when there is no memory: then it tries again
enum { GRAIN_MS = 16 };  // deadlines are rounded up to a multiple
static const int64_t never = INT64_MAX;

void loop_init(struct loop *loop)
{
    *loop = (struct loop){.backend = &loop_poll,
                          .backend_descriptor = -1,
                          .next_deadline = never,
                          .ready_at = clock_nanoseconds()};
}

int loop_use_backend(struct loop *loop, const char *name)
{
    static const struct loop_backend *const all[] = {
        &loop_poll,
#ifdef THAW_HAS_EPOLL
        &loop_epoll,
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->name, name) != 0)
            continue;
        loop->backend = all[i];
        if (all[i]->open == NULL)
            return 0;
        loop->backend_descriptor = all[i]->open();
        return loop->backend_descriptor < 0 ? -1 : 0;
    }
    errno = EINVAL;
    return -1;
}

void loop_destroy(struct loop *loop)
{
    if (loop->backend_descriptor >= 0)
        close(loop->backend_descriptor);
    free(loop->interest);
    free(loop->entries);
    free(loop->ready);
    free(loop->woken);
}

// Descriptors are small numbers: the system gives the smallest free one. So the
// descriptor itself is the index, and an entry never moves.
static int make_room(struct loop *loop, int descriptor)
{
    int size = loop->size > 0 ? loop->size : 64;
    while (size <= descriptor)
        size += size / 4;
    if (size == loop->size)
        return 0;
    size_t count = (size_t)size;
    void *interest = realloc(loop->interest, count * sizeof *loop->interest);
    loop->interest = interest != NULL ? interest : loop->interest;
    void *entries = realloc(loop->entries, count * sizeof *loop->entries);
    loop->entries = entries != NULL ? entries : loop->entries;
    void *ready = realloc(loop->ready, count * sizeof *loop->ready);
    loop->ready = ready != NULL ? ready : loop->ready;
    // Twice, for what wakes itself again while it is called.
    void *woken = realloc(loop->woken, 2 * count * sizeof *loop->woken);
    loop->woken = woken != NULL ? woken : loop->woken;
    if (interest == NULL || entries == NULL || ready == NULL || woken == NULL)
        return -1;
    for (int i = loop->size; i < size; i++) {
        loop->interest[i] = (struct pollfd){.fd = -1};
        loop->entries[i] = (struct loop_entry){0};
    }
    loop->size = size;
    return 0;
}

static void set_deadline(struct loop *loop, int descriptor, int64_t deadline)
{
    loop->entries[descriptor].deadline = deadline;
    if (deadline < loop->next_deadline)
        loop->next_deadline = deadline;
}

void loop_set_deadline(struct loop *loop, int descriptor, int delay)
{
    int64_t deadline = clock_milliseconds() + delay + GRAIN_MS - 1;
    set_deadline(loop, descriptor,
                 delay < 0 ? never : deadline - deadline % GRAIN_MS);
}

// Returns -1 and sets errno when the backend has no memory to remember it.
static int set_events(struct loop *loop, int descriptor, short events)
{
    struct pollfd *interest = &loop->interest[descriptor];
    short before = interest->events;
    if (events == before)
        return 0;
    if (loop->backend->change != NULL &&
        loop->backend->change(loop, descriptor, before, events) < 0)
        return -1;
    // A negative fd is how poll(2) is told to skip an entry; with 0 events it
    // would still report errors.
    *interest =
        (struct pollfd){.fd = events == 0 ? -1 : descriptor, .events = events};
    return 0;
}

// Its interest ends even where the backend fails: the descriptor is closed.
static void remove_entry(struct loop *loop, int descriptor)
{
    set_events(loop, descriptor, 0);
    loop->interest[descriptor] = (struct pollfd){.fd = -1};
    loop->entries[descriptor].callback = NULL;
    while (loop->end > 0 && loop->entries[loop->end - 1].callback == NULL)
        loop->end--;
}

// The callback may register descriptors, and so move the arrays.
static void call(struct loop *loop, int descriptor, short revents)
{
    const struct loop_entry entry = loop->entries[descriptor];
    if (entry.callback == NULL)
        return;
    short events = entry.callback(entry.context, revents);
    if (events == LOOP_REMOVE)
        remove_entry(loop, descriptor);
    else if (set_events(loop, descriptor, events) < 0)
        set_deadline(loop, descriptor, clock_milliseconds() + PAUSE_MS);
}

int loop_register(struct loop *loop, int descriptor, loop_callback *callback,
                  void *context)
{
    if (make_room(loop, descriptor) < 0)
        return -1;
    struct loop_entry *entry = &loop->entries[descriptor];
    entry->callback = callback;
    entry->context = context;
    entry->deadline = never;
    if (loop->end <= descriptor)
        loop->end = descriptor + 1;
    call(loop, descriptor, POLLIN | POLLOUT);
    return 0;
}

void loop_wake(struct loop *loop, int descriptor)
{
    if (loop->entries[descriptor].is_woken)
        return;
    loop->entries[descriptor].is_woken = true;
    loop->woken[loop->woken_count++] = descriptor;
}

// What is woken meanwhile is called in the next iteration.
static void call_woken(struct loop *loop)
{
    int count = loop->woken_count;
    for (int i = 0; i < count; i++) {
        int descriptor = loop->woken[i];
        loop->entries[descriptor].is_woken = false;
        call(loop, descriptor, POLLIN | POLLOUT);
    }
    loop->woken_count -= count;
    if (loop->woken_count > 0)
        memmove(loop->woken, loop->woken + count,
                (size_t)loop->woken_count * sizeof *loop->woken);
}

// Looks at all deadlines, and finds the next. A callback may set others.
static void call_overdue(struct loop *loop, int64_t now)
{
    loop->next_deadline = never;
    for (int i = 0; i < loop->end; i++) {
        int64_t deadline = loop->entries[i].deadline;
        if (loop->entries[i].callback == NULL)
            continue;
        if (deadline > now) {
            set_deadline(loop, i, deadline);
            continue;
        }
        loop->entries[i].deadline = never;
        call(loop, i, 0);
    }
}

static int time_left(const struct loop *loop)
{
    int64_t left = loop->next_deadline - clock_milliseconds();
    if (loop->woken_count > 0 || left < 0)
        return 0;
    if (loop->next_deadline == never)
        return -1;
    return left < INT_MAX ? (int)left : INT_MAX;
}

int loop_run(struct loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        int ready = loop->backend->wait(loop, time_left(loop));
        // poll reports ENOMEM on Linux, and EAGAIN on macOS.
        bool no_memory = ready < 0 && (errno == ENOMEM || errno == EAGAIN);
        if (ready < 0 && !no_memory && errno != EINTR)
            return -1;
        if (no_memory)
            poll(NULL, 0, PAUSE_MS); // waits, and needs no memory
        loop->ready_at = clock_nanoseconds();
        for (int i = 0; i < ready; i++)
            call(loop, loop->ready[i].fd, loop->ready[i].revents);
        call_woken(loop);
        int64_t now = clock_milliseconds();
        if (loop->next_deadline <= now)
            call_overdue(loop, now);
    }
    return 0;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
