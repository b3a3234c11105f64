#ifndef THAW_LIB_STORE_STORE_H
#define THAW_LIB_STORE_STORE_H

// store.h - the balances: user -> sum of amounts
//
//     chains         users, in the order of their first events
//     [ . 2 . 1 ] -> [ "alice": 100 ] [ "bob": -7 ] [ . . . ]
//
// * NOT thread-safe, on purpose. Threads that share a store guard it with a
//   mutex. Where that mutex is locked, and for how long, is the lesson.
// * All memory is taken at the start, so nothing grows under that mutex.
//   README.md says what this costs.

#include "lib/base/buffer.h"
#include "lib/base/options.h"

#include <stdbool.h>
#include <stdint.h>

enum { STORE_NAME_MAX = 127 }; // of a user, in bytes; a longer one is a mistake

enum store_result { STORE_ADDED, STORE_OVERFLOW, STORE_FULL };

struct store {
    int users_max;
    size_t count;             // of users
    struct store_user *users; // in the order of their first events
    uint32_t *chains;         // users whose names have the same hash, linked
    char *keys;               // "alice":"bob": as they are written
    size_t keys_length;       // in bytes
    uint32_t point, factor;   // random, for the hash
};

// Puts --users-max into the command line, with its default.
void store_add_options(struct store *store, struct options *options);

// Takes memory for users_max users. Returns -1 when there is none.
int store_init(struct store *store);
void store_destroy(struct store *store);

// Adds `amount` to the user's balance, which is 0 for a new user, and reports
// the new balance. Only STORE_ADDED changes anything. STORE_FULL: the user is
// new, and there is no room.
enum store_result store_add(struct store *store, const char *name,
                            int64_t amount, int64_t *balance);

// False: the store has no such user.
bool store_get(const struct store *store, const char *name, int64_t *balance);

// Appends all balances, in the order of their users' first events:
// {"alice":100,"bob":-7}
void store_write(const struct store *store, struct buffer *out);

#endif
