#include "stage6_pool/pool.h"

#include <errno.h>
#include <stdlib.h>

struct pool_worker {
    pthread_t thread;
    pool_work *work;
    int number;
};

static void *run(void *argument)
{
    const struct pool_worker *worker = argument;
    worker->work(worker->number);
    return NULL;
}

int pool_start(struct pool *pool, int count, pool_work *work)
{
    pool->count = 0;
    pool->workers = calloc((size_t)count, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    for (int i = 0; i < count; i++) {
        struct pool_worker *worker = &pool->workers[i];
        worker->work = work;
        worker->number = i + 1;
        // pthread functions return their error and leave errno alone.
        errno = pthread_create(&worker->thread, NULL, run, worker);
        if (errno != 0)
            return -1;
        pool->count++;
    }
    return 0;
}

void pool_join(struct pool *pool)
{
    for (int i = 0; i < pool->count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    free(pool->workers);
}
