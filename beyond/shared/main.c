// shared - several front ends and several workers, and one database
//
// The queue and the balances are tables. Whatever process dies, the others go
// on, and what was accepted is applied once.

#include "beyond/shared/notices.h"
#include "beyond/shared/offers.h"
#include "beyond/shared/queue.h"
#include "beyond/shared/worker.h"
#include "lib/base/die.h"
#include "lib/service/service.h"
#include "stage2_async/server.h"

static struct server server;
static struct place place;     // of the tables
static struct offers offers;   // on their way to the table, and back
static struct workers workers; // worker.c has `apply` and `work`

// For GET /metrics, which does not ask the database.
static int64_t waiting_jobs(void)
{
    return offers.jobs;
}

static void submit(const struct http_request *request,
                   const struct event *event, struct http_response *response)
{
    char key[IDEMPOTENCY_KEY_MAX + 1];
    struct event_fault fault;
    if (idempotency_key_read(request, key, &fault))
        offers_submit(&offers, event, key, response);
    else
        admission_invalid(response, &fault);
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event;
    struct event_fault fault;
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (event_decode(request->body, &event, &fault))
            submit(request, &event, response);
        else
            admission_invalid(response, &fault);
        break;
    case ROUTE_BALANCES:
        offers_look_up(&offers, event.user, response);
        break;
    case ROUTE_RESPONDED:
        break;
    }
}

int main(int argc, char **argv)
{
    int wait_ms = 5000;
    char fault[SCHEMA_FAULT_SIZE];
    struct options options;
    options_init(&options, "shared", "a queue in a database, for all servers");
    server_add_options(&server, &options);
    workers_add_options(&workers, &options);
    place_add_options(&place, &options);
    place_add_queue_options(&place, &options);
    offers_add_options(&offers, &options);
    options_add_setting(&options, "--start-timeout-ms", &wait_ms, 0, 3600000,
                        "for a database that is not there yet");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    int status = schema_open(&place, wait_ms, fault);
    if (status != 0) {
        fprintf(stderr, "%s: %s\n", options.program, fault);
        return status;
    }
    metrics_set_channel(place.capacity, waiting_jobs);
    metrics_set(METRIC_WORKERS, workers.count);
    if ((workers.count > 0 &&
         simulated_work_init(&workers.simulated_work) < 0) ||
        server_init(&server, &options, handle) < 0 ||
        offers_init(&offers, &server.loop, &place, options.program) < 0 ||
        workers_start(&workers, &place, options.quiet) < 0)
        die_starting(&options);
    report_stored(options.program, "the database", 0);
    report_listening(&options, server.listener);
    if (server_run(&server) < 0)
        die_running(&options);
    workers_stop(&workers);
    workers_join(&workers);
    offers_destroy(&offers);
    notices_left(options.program, queue_waiting(&place));
    report_stored(options.program, NULL, 0); // how many, only the table knows
    report_tally(options.program);
    return 0;
}
