#ifndef THAW_STAGE6_POOL_POOL_H
#define THAW_STAGE6_POOL_POOL_H

// pool.h - several threads that do the same
//
//                 +--> worker 1
//     channel ----+--> worker 2     each runs the same function, until that
//                 +--> worker 3     returns
//
// There is no call that stops a pool: its workers stop by themselves, when
// what they work on is over.

#include <pthread.h>

typedef void pool_work(int number); // of the worker, from 1

struct pool {
    struct pool_worker *workers;
    int count;
};

// Starts `count` workers. Returns -1 and errno when they can't all be started;
// those that were started run on.
int pool_start(struct pool *pool, int count, pool_work *work);

// Waits until all workers have returned.
void pool_join(struct pool *pool);

#endif
