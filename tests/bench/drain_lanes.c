// drain_lanes.c - lanes: a channel, a ring and a store for each worker

#include "lib/base/clock.h"
#include "lib/service/service.h"
#include "tests/bench/drain.h"

int lanes_main(int argc, char **argv);

#define main lanes_main
#define report_event(role, number, event, result, balance)                     \
    ((void)(number), (void)(balance))
#include "beyond/lanes/main.c" // NOLINT(bugprone-suspicious-include)

// In the order of their numbers, so no two threads wait for each other.
static void hold_workers(bool are_held)
{
    for (int i = 0; i < lanes.count; i++)
        if (are_held)
            pthread_mutex_lock(&lanes.all[i].messages.mutex);
        else
            pthread_mutex_unlock(&lanes.all[i].messages.mutex);
}

static void *add_only(void *argument)
{
    const int *worker = argument;
    const struct job *job;
    int64_t balance;
    while (lanes_receive(&lanes, *worker, &job))
        store_add(balances_of(&balances, *worker), job->event.user,
                  job->event.amount, &balance);
    return NULL;
}

static int64_t drain(int workers, int count, int users, bool is_whole)
{
    struct pool pool;
    struct job job;
    loop_init(&server.loop);
    balances.users_max = users;
    simulated_work.gate = -1;
    if (balances_init(&balances, workers) < 0 ||
        lanes_init(&lanes, workers, count) < 0 ||
        lanes_register(&lanes, &server.loop) < 0)
        return -1;
    for (int i = 0; i < count; i++) {
        drain_job(&job, i % users);
        lanes_try_send(&lanes, &job.event, job.since);
    }
    lanes_close(&lanes); // announces all
    hold_workers(true);
    if (pool_start(&pool, workers, is_whole ? work : add_only) < 0)
        return -1;
    int64_t start = drain_begin();
    hold_workers(false);
    pool_join(&pool);
    int64_t nanoseconds = clock_nanoseconds() - start;
    lanes_destroy(&lanes);
    balances_destroy(&balances);
    loop_destroy(&server.loop);
    return nanoseconds;
}

const struct drain drain_lanes = {"lanes", drain};
