#ifndef THAW_LAB_LOAD_RETRY_H
#define THAW_LAB_LOAD_RETRY_H

// retry.h - when a rejected request is sent again
//
//     fixed     after Retry-After: those rejected together come back together
//     jitter    after a random time, up to Retry-After, then up to twice that,
//               four times, ... ("full jitter", with exponential backoff:
//               M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
//               Blog, 2015)

#include <stdbool.h>
#include <stdint.h>

enum retry { RETRY_NONE, RETRY_FIXED, RETRY_JITTER };

// By its name: "none", "fixed", "jitter". False: there is none of this name.
bool retry_find(const char *name, enum retry *retry);

enum {
    RETRY_TRIES_MAX = 10,
    RETRY_SECONDS_MAX = 20, // between two tries
    RETRY_BUSIEST_SLOTS = 10
};

// How long to wait after so many tries, in seconds. `after` is the Retry-After
// of the response, in seconds; negative: it has none, and 1 is assumed.
double retry_wait(enum retry retry, int tries, int after, uint64_t *random);

// How many requests came in the busiest 100 ms.
struct retry_busiest {
    int64_t slot; // of 10 ms, the last one with a request
    int64_t counts[RETRY_BUSIEST_SLOTS];
    int64_t most;
};

// A request is sent, so many nanoseconds after the start. Times never go back.
void retry_busiest_add(struct retry_busiest *busiest, int64_t at);

#endif
