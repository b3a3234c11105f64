#ifndef THAW_STAGE2_ASYNC_LOOP_H
#define THAW_STAGE2_ASYNC_LOOP_H

// loop.h - one thread waits for many descriptors
//
//     +--> wait until some are ready, or a deadline has come --+
//     |                                                        v
//     +-- each says what it wants to wait for next <-- call its callback
//
// * It waits in poll(2), which looks at everybody in each turn. Two others can
//   take its place, and nobody else can tell: loop_backend.h.
// * A callback returns the poll events that it waits for from now on, so there
//   is nothing to register anew and nothing to forget.
// * A callback must not wait: while it runs, everybody waits.
// * Everything here happens on the loop's own thread.
// * Watch sockets and pipes only: other files are always ready.

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    LOOP_REMOVE = 0,         // what a callback returns after close(2)
    LOOP_NOTHING = POLLNVAL, // keep me, but wait for nothing: I'll be woken
};

// `revents` is what was found. 0: the deadline has come.
// POLLIN | POLLOUT: perhaps, try; so it is at first, and after loop_wake.
// One that closed its descriptor must not watch another before it returns: that
// might have got the same number.
typedef short loop_callback(void *context, short revents);

struct loop {
    const struct loop_backend *backend; // how it waits
    void *waiting;                      // what that remembers, or NULL
    struct pollfd *polled;         // [descriptor]; fd -1: it waits for nothing
    struct loop_register *watches; // [descriptor]
    int size;                      // of both arrays
    int at;                        // how far this turn's ready ones are called
    int end;                       // no descriptor from here on is watched
    int64_t now;                   // in milliseconds: when this turn began
    int64_t next_deadline;         // no deadline comes before it
    void (*before_wait)(void *context); // or NULL
    void *before_wait_context;
    bool stopped;
};

void loop_init(struct loop *loop);

// How a loop that watches nobody yet is to wait, said once: "poll", as it does
// at first, "hot-poll", or on Linux "epoll". Returns -1 and errno, and it goes
// on as before; EINVAL: there is no such way.
int loop_use_backend(struct loop *loop, const char *backend);

// Gives back the memory. Open descriptors stay open.
void loop_destroy(struct loop *loop);

// Calls the callback at once, and then whenever it is ready for what it
// returned. Returns -1 and errno when there is no memory for it; then the
// callback was not called.
int loop_register(struct loop *loop, int descriptor, loop_callback *callback,
                  void *context);

// Calls the callback with 0 in `delay` milliseconds, or some more; it replaces
// an earlier deadline, and is kept when the descriptor becomes ready. A
// negative delay: never.
void loop_set_deadline(struct loop *loop, int descriptor, int delay);

// Calls the callback, though nothing happened, when those who are ready in this
// turn had theirs. That takes the place of its deadline.
void loop_wake(struct loop *loop, int descriptor);

// Calls `callback` each time before the loop waits, for what can be done once
// for all that happened since.
void loop_before_wait(struct loop *loop, void callback(void *context),
                      void *context);

// Runs until a callback calls loop_stop. Returns -1 and errno when poll(2)
// failed; for want of memory it is called again a little later.
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
