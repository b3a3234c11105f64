#ifndef THAW_LIB_STORE_STORE_H
#define THAW_LIB_STORE_STORE_H

// store.h - the balances: user -> sum of amounts
//
// NOT thread-safe, on purpose. Whoever shares a store between threads guards
// it; where the mutex stands, and how long it is held, is the lesson.

#include "lib/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum store_result { STORE_ADDED, STORE_OVERFLOW, STORE_NO_MEMORY };

struct store {
    struct json_t *balances; // a JSON object: jansson's seeded hash table
    uint64_t changes;        // how often a balance has changed. By this field
                             // ThreadSanitizer finds a store that nobody
                             // guards: into jansson it can't look.
};

// Returns -1 when there is no memory.
int store_init(struct store *store);
void store_destroy(struct store *store);

// Adds `amount` to the user's balance, which is 0 for a new user, and reports
// the new balance. Anything but STORE_ADDED changed nothing.
enum store_result store_add(struct store *store, const char *user,
                            int64_t amount, int64_t *balance);

// False: no such user.
bool store_get(const struct store *store, const char *user, int64_t *balance);

// Appends all balances, in the order of their first events:
// {"alice":100,"bob":-7}
void store_write(const struct store *store, struct buffer *out);

#endif
