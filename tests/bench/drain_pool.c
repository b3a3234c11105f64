// drain_pool.c - stage 6: one channel, one store and its mutex

#include "lib/base/clock.h"
#include "lib/service/service.h"
#include "tests/bench/drain.h"

int pool_main(int argc, char **argv);

#define main pool_main
#define report_event(role, number, event, result, balance)                     \
    ((void)(number), (void)(balance))
#include "stage6_pool/main.c" // NOLINT(bugprone-suspicious-include)

static void *add_only(void *argument)
{
    struct job job;
    int64_t balance;
    while (channel_receive(&jobs, &job)) {
        pthread_mutex_lock(&mutex);
        store_add(&balances, job.event.user, job.event.amount, &balance);
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static int64_t drain(int workers, int count, int users, bool is_whole)
{
    struct pool pool;
    struct job job;
    balances.users_max = users;
    simulated_work.gate = -1;
    if (store_init(&balances) < 0 ||
        channel_init(&jobs, (size_t)count, sizeof job) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        drain_job(&job, i % users);
        channel_try_send(&jobs, &job);
    }
    channel_close(&jobs);
    pthread_mutex_lock(&jobs.mutex); // no worker begins
    if (pool_start(&pool, workers, is_whole ? work : add_only) < 0)
        return -1;
    int64_t start = drain_begin();
    pthread_mutex_unlock(&jobs.mutex);
    pool_join(&pool);
    int64_t nanoseconds = clock_nanoseconds() - start;
    channel_destroy(&jobs);
    store_destroy(&balances);
    return nanoseconds;
}

const struct drain drain_pool = {"stage 6", drain};
