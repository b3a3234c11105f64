// stage6_pool - the same channel, and several workers
//
// The workers take events from one channel and work in parallel, so the events
// of one user may be reordered.

#include "lib/base/die.h"
#include "lib/service/service.h"
#include "stage2_async/server.h"
#include "stage4_slow/simulated_work.h"
#include "stage5_queue/channel.h"
#include "stage5_queue/job.h"
#include "stage6_pool/pool.h"

static struct server server;
static struct simulated_work simulated_work;
static struct channel jobs; // of struct job, from submit to work

static struct store balances;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards balances

static void apply(int worker, const struct job *job)
{
    int64_t balance = 0;
    simulated_work_run(&simulated_work, job->since);
    pthread_mutex_lock(&mutex);
    enum store_result result =
        store_add(&balances, job->event.user, job->event.amount, &balance);
    pthread_mutex_unlock(&mutex);
    metrics_count_done(result == STORE_ADDED, job->since);
    report_event("worker", worker, &job->event, result, balance);
}

static void look_up(const char *user, struct http_response *response)
{
    pthread_mutex_lock(&mutex);
    respond_balances(response, &balances, user);
    pthread_mutex_unlock(&mutex);
}

// --- build: work ---
//
// What each worker does: it applies the jobs of the channel, one after the
// other, until the channel is closed and empty. While it applies one, it counts
// as busy: 1 more, and then 1 less, of METRIC_BUSY_WORKERS. `argument` points
// to its number, an int.
static void *work(void *argument)
{
    (void)argument;
    (void)apply;
    return NULL;
}
// --- end ---

// For GET /metrics.
static int64_t waiting_jobs(void)
{
    return (int64_t)channel_length(&jobs);
}

static void submit(const struct event *event, struct http_response *response)
{
    const struct job job = {*event, response->since};
    if (channel_try_send(&jobs, &job) == CHANNEL_SENT)
        admission_accept(response);
    else
        admission_reject(response);
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event;
    struct event_fault fault;
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (event_decode(request->body, &event, &fault))
            submit(&event, response);
        else
            admission_invalid(response, &fault);
        break;
    case ROUTE_BALANCES:
        look_up(event.user, response);
        break;
    case ROUTE_RESPONDED:
        break;
    }
}

int main(int argc, char **argv)
{
    struct pool pool;
    int workers = 4;
    int capacity = 100;
    struct options options;
    options_init(&options, "stage6_pool", "one channel, several workers");
    server_add_options(&server, &options);
    simulated_work_add_options(&simulated_work, &options);
    store_add_options(&balances, &options);
    options_add_setting(&options, "--capacity", &capacity, 1, 1000000,
                        "jobs that may wait");
    options_add_setting(&options, "--workers", &workers, 1, 1000,
                        "threads that take jobs");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    metrics_set_channel(capacity, waiting_jobs);
    metrics_set(METRIC_WORKERS, workers);
    if (store_init(&balances) < 0 || simulated_work_init(&simulated_work) < 0 ||
        channel_init(&jobs, (size_t)capacity, sizeof(struct job)) < 0 ||
        server_init(&server, &options, handle) < 0 ||
        pool_start(&pool, workers, work) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    if (server_run(&server) < 0)
        die_running(&options);
    channel_close(&jobs);
    report_stopping(options.program, 0);
    pool_join(&pool);
    channel_destroy(&jobs);
    store_destroy(&balances);
    report_tally(options.program);
    return 0;
}
