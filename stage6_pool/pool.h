#ifndef THAW_STAGE6_POOL_POOL_H
#define THAW_STAGE6_POOL_POOL_H

// pool.h - several threads that run the same function
//
//                 +--> worker 1
//     channel ----+--> worker 2
//                 +--> worker 3
//
// No call stops a pool: its workers return when their channel is closed and
// empty.

#include <pthread.h>

struct pool {
    struct pool_worker *workers;
    int count;
};

// Starts `count` threads, which call `work` with a pointer to an int: the
// number of the worker, from 1. Returns -1 and sets errno when not all can be
// started; those that were started keep running.
int pool_start(struct pool *pool, int count, void *work(void *number));

// Waits until all workers have returned.
void pool_join(struct pool *pool);

#endif
