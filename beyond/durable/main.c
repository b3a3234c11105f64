// durable - 202 survives kill -9
//
// One thread writes the events of all clients that wait, with one fdatasync.

#include "beyond/durable/storage.h"
#include "lib/base/die.h"
#include "lib/service/service.h"
#include "stage2_async/server.h"
#include "stage4_slow/simulated_work.h"
#include "stage6_pool/pool.h"

static struct server server;
static struct simulated_work simulated_work;
static struct mailbox responses; // from the storage to the loop
static struct channel jobs;      // of struct stored_job, from storage to work
static struct storage storage;   // accepted events and balances

static void apply(int worker, const struct stored_job *job)
{
    int64_t balance = 0;
    enum store_result result;
    simulated_work_run(&simulated_work, job->since);
    if (!storage_apply(&storage, job, &result, &balance))
        return;
    metrics_count_done(result == STORE_ADDED, job->since);
    report_event("worker", worker, &job->event, result, balance);
}

static void look_up(const char *user, struct http_response *response)
{
    if (!storage_look_up(&storage, user, response))
        respond_busy(response);
}

static void *work(void *argument)
{
    const int *worker = argument; // its number
    struct stored_job job;
    while (channel_receive(&jobs, &job)) {
        metrics_add(METRIC_BUSY_WORKERS, 1);
        apply(*worker, &job);
        metrics_add(METRIC_BUSY_WORKERS, -1);
    }
    return NULL;
}

// For GET /metrics.
static int64_t waiting_jobs(void)
{
    return storage_waiting(&storage);
}

static void submit(const struct event *event, const char *key,
                   struct http_response *response)
{
    if (!storage_offer(&storage, event, key, response))
        admission_reject(response);
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event;
    struct event_fault fault;
    char key[IDEMPOTENCY_KEY_MAX + 1];
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (event_decode(request->body, &event, &fault) &&
            idempotency_key_read(request, key, &fault))
            submit(&event, key, response);
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
    options_init(&options, "durable", "202 survives kill -9");
    server_add_options(&server, &options);
    simulated_work_add_options(&simulated_work, &options);
    storage_add_options(&storage, &options);
    options_add_setting(&options, "--capacity", &capacity, 1, 1000000,
                        "jobs that may wait");
    options_add_setting(&options, "--workers", &workers, 1, 1000,
                        "threads that take jobs");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    metrics_set_channel(capacity, waiting_jobs);
    metrics_set(METRIC_WORKERS, workers);
    if (storage_init(&storage, capacity, &jobs, &responses) < 0 ||
        simulated_work_init(&simulated_work) < 0 ||
        server_init(&server, &options, handle) < 0 ||
        mailbox_init(&responses, &server.loop) < 0 ||
        pool_start(&pool, workers, work) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    report_stored(options.program, storage.database.path, storage.restored);
    if (storage_start(&storage) < 0)
        die_starting(&options);
    if (server_run(&server) < 0)
        die_running(&options);
    channel_close(&jobs);
    storage_end(&storage);
    report_stopping(options.program, 0);
    pool_join(&pool);
    storage_stop(&storage);
    channel_destroy(&jobs);
    report_tally(options.program);
    return 0;
}
