#ifndef THAW_STAGE2_ASYNC_LOOP_H
#define THAW_STAGE2_ASYNC_LOOP_H

// loop.h - one thread waits for many descriptors
//
//     +--> wait until some are ready, or a deadline has passed --+
//     |                                                          v
//     +-- it returns the poll events it wants next <-- call the callback
//
// * A callback returns the poll events it wants next: no call changes them.
// * A callback must not block: while it runs, all others wait.
// * Call every function from the loop's own thread.
// * Register sockets and pipes only: other files are always ready.

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

// `revents` is what was found. 0: the deadline has passed, or the backend can't
// wait for it. POLLIN | POLLOUT at registration and after loop_wake: try both.
// Returns poll events. 0: stay registered, and wait for nothing but loop_wake
// and the deadline. LOOP_REMOVE: the descriptor was closed.
typedef short loop_callback(void *context, short revents);

enum { LOOP_REMOVE = POLLNVAL };

struct loop {
    const struct loop_backend *backend;
    int backend_descriptor;     // of epoll; -1: poll needs none
    struct pollfd *interest;    // by descriptor; fd -1: it waits for nothing
    struct loop_entry *entries; // by descriptor
    struct pollfd *ready;       // found by the backend in this iteration
    int *woken;                 // descriptors to call after those
    int woken_count;
    int size;              // descriptors that the arrays have room for
    int end;               // no descriptor from here on is registered
    int64_t next_deadline; // no deadline is before it
    int64_t ready_at; // the end of the last wait, or loop_init; in nanoseconds
    bool stopped;
};

void loop_init(struct loop *loop);

// Before anything is registered: "poll", which is the default, or on Linux
// "epoll". Returns -1 and sets errno; EINVAL: there is no such backend.
int loop_use_backend(struct loop *loop, const char *name);

// Releases the memory. Registered descriptors stay open.
void loop_destroy(struct loop *loop);

// Calls the callback at once, and then whenever the descriptor is ready for
// what it returned. Returns -1 and sets errno when there is no memory; then the
// callback was not called.
int loop_register(struct loop *loop, int descriptor, loop_callback *callback,
                  void *context);

// Calls the callback with revents = 0, `delay` milliseconds later or soon
// after. This replaces an earlier deadline. A negative delay: never.
void loop_set_deadline(struct loop *loop, int descriptor, int delay);

// Calls the callback once more, after all ready ones. Its deadline stays.
void loop_wake(struct loop *loop, int descriptor);

// Runs until a callback calls loop_stop. Returns -1 and sets errno when the
// backend failed; without memory it tries again a little later.
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
