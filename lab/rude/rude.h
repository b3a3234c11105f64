#ifndef THAW_LAB_RUDE_RUDE_H
#define THAW_LAB_RUDE_RUDE_H

// rude.h - the frame around all rude clients
//
//     start, warm up, count -> they come -> a good client asks -> they leave
//                                ^------------- again and again -----|
//     -> all connections gone -> still answers -> count again -> stop
//
// * The verdict "serves": the good client had its answer while they were there.
//   "lives": it had it when they were gone, and that is all stage 1 promises.
//   Any other word is a fault.
// * What was open before is open afterwards and nothing more: descriptors are
//   counted one by one, where the system tells.
// * Memory may grow by less than 1 MiB. The allocator keeps some of what it
//   got, so they come as often before the first count as behind it.

#include "lab/experiments/experiment.h"

// False in a build with a sanitizer, which keeps what was freed, and is slow:
// then neither memory nor time is judged.
extern const bool rude_measures;

struct rude {
    // What one of them does when it comes, and before it leaves. Then it is
    // closed, if it is open still. NULL: nothing.
    void (*come)(struct run *run, struct client *client);
    void (*leave)(struct run *run, struct client *client);
    int clients;                  // at the same time; 0: one
    int rounds;                   // how often they come; 0: once
    int frozen_to;                // stages up to this can't serve meanwhile
    int descriptors;              // of the server; 0: as many as we may have
    const char *const *arguments; // of the server, which end with NULL
    bool talks;                   // it prints a line for each event
};

// Does it all, and sets the verdict.
void rude_perform(struct run *run, const struct rude *rude);

// For those who need more than that. Starts the server with what `rude` says,
// and remembers what it uses before anybody came. False: it did not start.
bool rude_start(struct run *run, const struct rude *rude);

// The first fault is the verdict; what comes behind it is a consequence.
__attribute__((format(printf, 2, 3))) void rude_fault(struct run *run,
                                                      const char *format, ...);
bool rude_is_faultless(const struct run *run);

// Waits until the server has closed all connections. False: it did not.
bool rude_wait_alone(const struct run *run);

// The same, and it has freed what belonged to them. Then this is what it uses,
// in 10^6 bytes.
double rude_memory_alone(struct run *run);

// After the last one left: whether the server answers, whether connections are
// left behind, and whether memory has grown from what it was before. Without a
// fault, the word is the verdict.
void rude_judge(struct run *run, const char *word, double before_mb);

// Sends bytes, and reads the answer: it must have this status, and the server
// must close the connection then.
void rude_expect_rejection(struct run *run, struct client *client,
                           struct slice bytes, int status);

// Reads, and forgets, so many bytes. False: they did not come.
bool rude_take(struct client *client, size_t length);

#endif
