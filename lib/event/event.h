#ifndef THAW_LIB_EVENT_EVENT_H
#define THAW_LIB_EVENT_EVENT_H

// event.h - what the clients send
//
//     {"user": "alice", "action": "buy", "amount": 100}
//
// Other keys are ignored, but their values must be valid, too. Rejected: a
// duplicate key, a fraction, a number out of range, a NUL, invalid UTF-8, bytes
// after the object, and everything that is not such an object (RFC 8259). What
// this RFC leaves to us is in README.md.

#include "lib/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { EVENT_NAME_MAX = 127 };     // of UTF-8, in bytes; at least one
enum { EVENT_VALUES_MAX = 10000 }; // commas, and opening brackets and braces
enum { EVENT_DEPTH_MAX = 2048 };   // of objects and arrays in each other
enum { EVENT_DETAIL_SIZE = 160 };  // in bytes, with the NUL

struct event {
    char user[EVENT_NAME_MAX + 1];
    char action[EVENT_NAME_MAX + 1];
    int64_t amount;
};

// Why a body is not an event; with several faults, the one found first.
struct event_fault {
    // For programs: "invalid_json", or "invalid_event": JSON, but no event.
    // NULL: the server has no memory for it, and the body may be an event.
    const char *reason;
    char detail[EVENT_DETAIL_SIZE]; // for people, in printable ASCII
};

// Decodes an event; several threads may do so at the same time. False: `fault`
// is filled in. Its detail is "amount: expected an integer", or "byte 5: ...",
// which counts from 1. That is the wrong byte, or the last byte of a wrong
// word, as far as the word was read.
bool event_decode(struct slice json, struct event *event,
                  struct event_fault *fault);

#endif
