#include "stage6_pool/pool.h"
#include "lib/base/process.h"

#include <errno.h>
#include <stdlib.h>

// --- build: pool_start ---
//
// What the pool remembers of each worker. It may need more than this.
struct pool_worker {
    pthread_t thread;
};

// Starts `count` threads, and waits for none of them. Each one calls `work`
// with a pointer to its number: 1, 2, 3 ... The number must stay where it is as
// long as the thread runs. Returns 0; or -1, and sets errno, when there is no
// memory, or a thread cannot be started. Then those that were started run on,
// and pool_join waits for them.
int pool_start(struct pool *pool, int count, void *work(void *number))
{
    (void)pool;
    (void)count;
    (void)work;
    return -1;
}
// --- end ---

// --- build: pool_join ---
//
// Waits until all workers that were started have returned. Then it releases
// what pool_start took.
void pool_join(struct pool *pool)
{
    (void)pool;
}
// --- end ---
