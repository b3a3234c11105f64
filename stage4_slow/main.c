// stage4_slow - a valid event costs work, and then changes a balance
//
// Each event gets its own thread, so the loop stays quick. But one mutex is
// held around the work and the change, so the threads work one after the other.

#include "lib/answers.h"
#include "lib/die.h"
#include "lib/metrics.h"
#include "lib/report.h"
#include "lib/route.h"
#include "stage2_async/server.h"
#include "stage4_slow/mailbox.h"
#include "stage4_slow/slow.h"
#include "stage4_slow/thread.h"

#include <stdlib.h>

typedef void task(const struct event *event, struct http_response *response);

struct job {
    struct mail mail; // comes first: the mailbox frees the whole job
    task *run;
    struct event event;
};

static struct server server;
static struct slow slow;
static bool work_in_loop;
static struct mailbox answers; // from the threads to the loop

static struct store balances;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards balances

static void apply(const struct event *event, struct http_response *response)
{
    int64_t balance = 0;
    metrics_add(METRIC_EVENTS_ACCEPTED, 1);
    pthread_mutex_lock(&mutex);
    slow_work(&slow);
    enum store_result result =
        store_add(&balances, event->user, event->amount, &balance);
    pthread_mutex_unlock(&mutex);
    metrics_count_done(result == STORE_ADDED);
    report_event("thread", 0, event, result, balance);
    answer_result(response, result, balance);
}

// For a thread as well: it may have to wait for the mutex.
static void look_up(const struct event *event, struct http_response *response)
{
    pthread_mutex_lock(&mutex);
    answer_balances(response, &balances, event->user);
    pthread_mutex_unlock(&mutex);
}

static void *work(void *argument)
{
    struct job *job = argument;
    job->run(&job->event, &job->mail.response);
    mailbox_post(&answers, &job->mail);
    return NULL;
}

static void submit(task *run, const struct event *event,
                   struct http_response *response)
{
    struct job *job = malloc(sizeof *job);
    if (job != NULL)
        *job = (struct job){{.client = response->client}, run, *event};
    response->later = job != NULL && (work_in_loop ? work(job) == NULL
                                                   : thread_start(work, job));
    if (!response->later) {
        free(job);
        answer_busy(response);
    }
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event;
    char detail[EVENT_DETAIL_SIZE];
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (event_decode(request->body, &event, detail))
            submit(apply, &event, response);
        else
            answer_invalid(response, detail);
        break;
    case ROUTE_BALANCES:
        submit(look_up, &event, response);
        break;
    case ROUTE_ANSWERED:
        break;
    }
}

int main(int argc, char **argv)
{
    struct options options;
    options_init(&options, "stage4_slow", "slow work under one mutex");
    server_add_options(&server, &options);
    slow_add_options(&slow, &options);
    options_add_flag(&options, "--work-in-loop", &work_in_loop,
                     "work on the loop's own thread");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    if (store_init(&balances) < 0 || slow_init(&slow) < 0 ||
        server_init(&server, &options, handle) < 0 ||
        mailbox_init(&answers, &server.loop) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    if (server_run(&server) < 0)
        die("stage4_slow: waiting for clients");
    store_destroy(&balances);
    report_tally(options.program);
    return 0;
}
