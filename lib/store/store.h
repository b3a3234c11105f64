#ifndef THAW_LIB_STORE_STORE_H
#define THAW_LIB_STORE_STORE_H

// store.h - the balances: user -> sum of amounts
//
// NOT thread-safe, on purpose. Threads that share a store guard it with a
// mutex. Where that mutex is locked, and for how long, is the lesson.

#include "lib/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum store_result { STORE_ADDED, STORE_OVERFLOW, STORE_NO_MEMORY };

struct store {
    struct json_t *balances; // a JSON object: jansson's seeded hash table
    uint64_t changes;        // how often a balance has changed; with this field
                             // ThreadSanitizer finds a store without a guard,
                             // because it does not see into jansson
};

// Returns -1 when there is no memory.
int store_init(struct store *store);
void store_destroy(struct store *store);

// Adds `amount` to the user's balance, which is 0 for a new user, and reports
// the new balance. Only STORE_ADDED changes anything.
enum store_result store_add(struct store *store, const char *user,
                            int64_t amount, int64_t *balance);

// False: the store has no such user.
bool store_get(const struct store *store, const char *user, int64_t *balance);

// Appends all balances, in the order of their users' first events:
// {"alice":100,"bob":-7}
void store_write(const struct store *store, struct buffer *out);

#endif
