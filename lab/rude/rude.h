#ifndef THAW_LAB_RUDE_RUDE_H
#define THAW_LAB_RUDE_RUDE_H

// rude.h - the frame around all rude clients
//
//     start, warm up, count -> rude clients come -> good request -> they leave
//                                     ^---------- again and again ------|
//     -> all connections closed -> good request -> count again -> stop
//
// * Verdict "serves": a good client got its response while they were there.
//   "lives": it got it after they left, which is all that stage 1 promises.
//   Any other verdict is a fault. The sketch has some.
// * The server has as many descriptors open in the end as after a first
// response
//   at the start.
// * Its memory may grow by less than 1 MiB. As many clients come before the
//   first count as after it, because the allocator does not return everything.
//
// A server that is not ours may have a garbage collector, which takes memory
// and descriptors when it likes. So it may have a few more of each, and its
// memory counts only if it still grows in the last third of three.

#include "lab/experiments/experiment.h"

// False in a build with a sanitizer, which is slow and does not return freed
// memory: then neither memory nor time is judged.
extern const bool rude_measures;

// How long all that must come may take: for ours on a busy machine; others may
// never send it, in one row after the other.
int rude_limit_ms(void);

struct rude {
    // What each client does after it connected, and before it leaves; then the
    // frame closes it. NULL: nothing.
    void (*come)(struct run *run, struct client *client);
    void (*leave)(struct run *run, struct client *client);
    int clients;              // at the same time; 0: one
    int rounds;               // how often they come; 0: once
    int frozen_to;            // servers up to this can't serve meanwhile
    int descriptors;          // limit of the server; 0: the lab's own
    struct settings settings; // of the server
    bool prints;              // the server prints a line for each event
};

// Runs the whole frame, and sets the verdict.
void rude_perform(struct run *run, const struct rude *rude);

// The functions below are its parts, for experiments of another shape. Starts
// the server as `rude` says, and counts its descriptors. False: no start.
bool rude_start(struct run *run, const struct rude *rude);

// The first fault is the verdict. Later ones are its consequences.
__attribute__((format(printf, 2, 3))) void rude_fault(struct run *run,
                                                      const char *format, ...);
bool rude_is_faultless(const struct run *run);

// Waits until the server has closed all connections. False: it did not.
bool rude_wait_alone(const struct run *run);

// The same, and the server has freed what belonged to them. Returns its memory
// in 10^6 bytes.
double rude_memory_alone(struct run *run);

// Called after the last client left: finds a server that does not respond, open
// connections and grown memory. Without a fault, `word` is the verdict.
void rude_judge(struct run *run, const char *word, double before_mb);

// Sends bytes. The response must have this status, and then the server must
// close the connection.
void rude_expect_rejection(struct run *run, struct client *client,
                           struct slice bytes, int status);

// Reads and discards up to `length` bytes. Returns how many came.
size_t rude_discard(struct client *client, size_t length);

#endif
