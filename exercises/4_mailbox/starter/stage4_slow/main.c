// stage4_slow - a valid event costs work, and then changes a balance
//
// Each event gets its own thread, so the loop stays quick. But one mutex is
// held around the work and the change, so the threads work one by one.

#include "lib/base/die.h"
#include "lib/service/service.h"
#include "stage2_async/server.h"
#include "stage4_slow/mailbox.h"
#include "stage4_slow/simulated_work.h"
#include "stage4_slow/thread.h"

#include <stdlib.h>

typedef void task(const struct event *event, struct http_response *response);

struct job {
    struct mail mail; // comes first: the mailbox frees the whole job
    task *run;
    struct event event; // look_up needs only its user
};

static struct server server;
static struct simulated_work simulated_work;
static bool work_in_loop;
static struct mailbox responses; // from the threads to the loop
static struct store balances;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards balances

static void apply(const struct event *event, struct http_response *response)
{
    int64_t balance = 0;
    metrics_add(METRIC_EVENTS_ACCEPTED, 1);
    // --- build: apply ---
    //
    // Several threads come here, one at a time works and changes a balance: the
    // others wait for `mutex`. thread_lock (thread.h) counts those that wait.
    simulated_work_run(&simulated_work, response->since);
    enum store_result result =
        store_add(&balances, event->user, event->amount, &balance);
    // --- end ---
    metrics_count_done(result == STORE_ADDED, response->since);
    report_event("thread", 0, event, result, balance);
    respond_result(response, result, balance);
}

// Runs in a thread, too, because it may have to wait for the mutex.
static void look_up(const struct event *event, struct http_response *response)
{
    thread_lock(&mutex);
    respond_balances(response, &balances, event->user);
    pthread_mutex_unlock(&mutex);
}

static void *work(void *argument)
{
    // --- build: work ---
    //
    // `argument` is a job of submit's. Runs its task, which fills in the
    // response in the job's mail, and posts this mail. From then on, the job
    // belongs to the mailbox, which frees it.
    (void)argument;
    return NULL;
    // --- end ---
}

// False: there is no memory or no thread for it.
static bool submit(task *run, const struct event *event,
                   struct http_response *response)
{
    // --- build: submit ---
    //
    // Starts a thread (thread.h) that calls `work` with a new job, and returns
    // without waiting for it. True: response->deferred is set, so the caller
    // leaves this client alone until conn_complete brings its response. False:
    // nothing was started, and nothing leaks.
    //
    // * `event` and `response` belong to the caller, and are gone when the
    //   thread runs. The job, which comes from malloc, has a copy of the event.
    // * response->conn is the client's connection, and response->since when its
    //   request came. The mail needs both.
    // * With work_in_loop, there is no thread: `work` is called here.
    (void)run, (void)event, (void)response, (void)work;
    return false;
    // --- end ---
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event = {0};
    struct event_fault fault;
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (!event_decode(request->body, &event, &fault))
            admission_invalid(response, &fault);
        else if (!submit(apply, &event, response))
            admission_reject(response);
        break;
    case ROUTE_BALANCES:
        if (!submit(look_up, &event, response))
            respond_busy(response);
        break;
    case ROUTE_RESPONDED:
        break;
    }
}

int main(int argc, char **argv)
{
    struct options options;
    options_init(&options, "stage4_slow", "slow work under one mutex");
    server_add_options(&server, &options);
    simulated_work_add_options(&simulated_work, &options);
    store_add_options(&balances, &options);
    options_add_flag_setting(&options, "--work-in-loop", &work_in_loop,
                             "work on the loop's own thread");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    if (store_init(&balances) < 0 || simulated_work_init(&simulated_work) < 0 ||
        server_init(&server, &options, handle) < 0 ||
        mailbox_init(&responses, &server.loop) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    if (server_run(&server) < 0)
        die_running(&options);
    store_destroy(&balances);
    report_tally(options.program);
    return 0;
}
