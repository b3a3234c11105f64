#ifndef THAW_BEYOND_LANES_BALANCES_H
#define THAW_BEYOND_LANES_BALANCES_H

// balances.h - a store for each worker, and GET /balances of all together
//
//                 +--> lane 1: {"alice":100} --+
//     loop -- ? --+--> lane 2: {}            --+--> {"alice":100,"bob":-7}
//                 +--> lane 3: {"bob":-7}    --+         |
//                                                        v mailbox --> loop
//
// * A worker alone touches its store, so no lock is needed.
// * A response is deferred: each worker reads its own balances between two
//   jobs, and the last one puts the parts together.
// * A connection waits for one response at a time. So there are at most as many
//   questions as connections.

#include "beyond/lanes/lanes.h"
#include "lib/store/store.h"
#include "stage4_slow/mailbox.h"

struct balances {
    int users_max; // of each store
    int count;     // of stores
    struct store stores[LANES_MAX];
};

// Puts --users-max into the command line, with its default.
void balances_add_options(struct balances *balances, struct options *options);

// Takes the memory for all users of all workers. Returns -1 and sets errno.
int balances_init(struct balances *balances, int count);
void balances_destroy(struct balances *balances);

// For worker 1, 2, ... on its own thread.
struct store *balances_of(struct balances *balances, int worker);

// On the loop's thread: asks the lane of this user, or all lanes if the name is
// empty. The response is deferred, and comes by the mailbox. False: there is no
// memory for it.
bool balances_ask(struct balances *balances, struct lanes *lanes,
                  struct mailbox *responses, const char *user,
                  struct http_response *response);

#endif
