#include "stage6_pool/pool.h"
#include "lib/base/process.h"

#include <errno.h>
#include <stdlib.h>

struct pool_worker {
    pthread_t thread;
    int number;
};

int pool_start(struct pool *pool, int count, void *work(void *number))
{
    pool->count = 0;
    pool->workers = calloc((size_t)count, sizeof *pool->workers);
    if (pool->workers == NULL)
        return -1;
    for (int i = 0; i < count; i++) {
        struct pool_worker *worker = &pool->workers[i];
        worker->number = i + 1;
        // pthread functions return their error and leave errno alone.
        errno = pthread_create(&worker->thread, NULL, work, &worker->number);
        if (errno != 0)
            return process_cannot("start %d threads", count);
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
