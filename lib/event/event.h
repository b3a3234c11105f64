#ifndef THAW_LIB_EVENT_EVENT_H
#define THAW_LIB_EVENT_EVENT_H

// event.h - what the clients send
//
//     {"user": "alice", "action": "buy", "amount": 100}
//
// Other keys are ignored. Refused: a duplicate key, a fraction, a number out
// of range, a NUL, invalid UTF-8, bytes behind the object, and anything that
// is no such object (RFC 8259).

#include "lib/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { EVENT_NAME_MAX = 127 };    // of UTF-8, in bytes; at least one
enum { EVENT_DETAIL_SIZE = 160 }; // in bytes, with the NUL

struct event {
    char user[EVENT_NAME_MAX + 1];
    char action[EVENT_NAME_MAX + 1];
    int64_t amount;
};

// Reads an event. On false, `detail` says in printable ASCII which field or
// which byte is wrong, and what was expected: "amount: expected an integer".
// The byte is the last one of the word that does not fit, counted from 1.
// Threads may call it at the same time.
bool event_decode(struct slice json, struct event *event,
                  char detail[EVENT_DETAIL_SIZE]);

#endif
