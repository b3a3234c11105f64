// lanes - one worker, one channel and one part of the balances for each lane
//
// The user's name decides the lane: the events of a user stay in order, and two
// workers share no balance and no lock.

#include "beyond/lanes/balances.h"
#include "beyond/lanes/lane_metrics.h"
#include "lib/base/die.h"
#include "lib/service/service.h"
#include "stage2_async/server.h"
#include "stage4_slow/simulated_work.h"
#include "stage6_pool/pool.h"

static struct server server;
static struct simulated_work simulated_work;
static struct lanes lanes;       // of struct job, from submit to work
static struct mailbox responses; // from the lanes to the loop
static struct balances balances; // a store for each worker, so no mutex

static void apply(int worker, const struct job *job)
{
    int64_t balance = 0;
    simulated_work_run(&simulated_work, job->since);
    enum store_result result =
        store_add(balances_of(&balances, worker), job->event.user,
                  job->event.amount, &balance);
    metrics_count_done(result == STORE_ADDED, job->since);
    report_event("worker", worker, &job->event, result, balance);
}

static void look_up(const char *user, struct http_response *response)
{
    if (!balances_ask(&balances, &lanes, &responses, user, response))
        respond_busy(response);
}

static void *work(void *argument)
{
    const int *worker = argument; // its number
    const struct job *job;
    while (lanes_receive(&lanes, *worker, &job)) {
        metrics_add(METRIC_BUSY_WORKERS, 1);
        apply(*worker, job);
        metrics_add(METRIC_BUSY_WORKERS, -1);
    }
    return NULL;
}

// For GET /metrics.
static int64_t waiting_jobs(void)
{
    return lanes_waiting(&lanes);
}

static void submit(const struct event *event, struct http_response *response)
{
    if (lanes_try_send(&lanes, event, response->since) == CHANNEL_SENT)
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
        lane_metrics_add(&lanes, request, response);
        break;
    }
}

int main(int argc, char **argv)
{
    struct pool pool;
    int count = 4;
    int capacity = 100;
    struct options options;
    options_init(&options, "lanes", "a channel and a worker for each lane");
    server_add_options(&server, &options);
    simulated_work_add_options(&simulated_work, &options);
    balances_add_options(&balances, &options);
    options_add_setting(&options, "--capacity", &capacity, 1, 1000000,
                        "jobs that may wait in each lane");
    options_add_setting(&options, "--lanes", &count, 1, LANES_MAX,
                        "threads that have a lane of their own");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    metrics_set_channel((int64_t)count * capacity, waiting_jobs);
    metrics_set(METRIC_WORKERS, count);
    if (balances_init(&balances, count) < 0 ||
        simulated_work_init(&simulated_work) < 0 ||
        lanes_init(&lanes, count, capacity) < 0 ||
        server_init(&server, &options, handle) < 0 ||
        lanes_register(&lanes, &server.loop) < 0 ||
        mailbox_init(&responses, &server.loop) < 0 ||
        pool_start(&pool, count, work) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    if (server_run(&server) < 0)
        die_running(&options);
    lanes_close(&lanes);
    report_stopping(options.program, 0);
    pool_join(&pool);
    lanes_destroy(&lanes);
    balances_destroy(&balances);
    report_tally(options.program);
    return 0;
}
