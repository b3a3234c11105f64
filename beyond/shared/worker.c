#include "beyond/shared/worker.h"
#include "beyond/shared/queue.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"
#include "lib/service/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { PAUSE_MIN_MS = 5, PAUSE_MAX_MS = 40 }; // when there is no job
enum { LOST_MS = 200 };                       // when there is no database

// pool_start hands each thread its number alone.
static struct workers *all;

static void report(int worker, const struct job *job)
{
    metrics_count_done(job->result == STORE_ADDED, job->since);
    if (!all->is_quiet)
        report_event("worker", worker, &job->event, job->result, job->balance);
}

// The row stays locked during the work.
static enum queue_result apply(int worker, struct queue *queue)
{
    struct job job;
    enum queue_result result = queue_take(queue, &job);
    if (result != QUEUE_TAKEN)
        return result;
    metrics_add(METRIC_BUSY_WORKERS, 1);
    simulated_work_run(&all->simulated_work, job.since);
    result = queue_apply(queue, &job);
    if (result == QUEUE_TAKEN)
        report(worker, &job);
    metrics_add(METRIC_BUSY_WORKERS, -1);
    return result;
}

static enum queue_result apply_several(int worker, struct queue *queue)
{
    struct job jobs[QUEUE_BATCH];
    int count;
    enum queue_result result = queue_apply_several(queue, jobs, &count);
    for (int i = 0; i < count; i++) {
        simulated_work_run(&all->simulated_work, jobs[i].since); // for metrics
        report(worker, &jobs[i]);
    }
    return result;
}

// False: the workers shall stop.
static bool wait_for(int milliseconds)
{
    struct pollfd polled = {.fd = all->stop[0], .events = POLLIN};
    return poll(&polled, 1, milliseconds) <= 0;
}

static int pause_after(enum queue_result result, int pause_ms)
{
    switch (result) {
    case QUEUE_TAKEN:
        return 0;
    case QUEUE_EMPTY:
        pause_ms = pause_ms == 0 ? PAUSE_MIN_MS : 2 * pause_ms;
        return pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS;
    case QUEUE_LOST:
        break;
    }
    return LOST_MS;
}

static bool is_quick(const struct simulated_work *work)
{
    return work->milliseconds == 0 && work->cpu_ms == 0 && work->gate < 0;
}

static int longest_work_ms(const struct simulated_work *work)
{
    if (work->gate >= 0)
        return -1;
    return work->cpu_ms > 0 ? work->cpu_ms : work->milliseconds;
}

static void *work(void *argument)
{
    const int *worker = argument;
    const struct simulated_work *simulated_work = &all->simulated_work;
    struct queue queue;
    int pause_ms = 0;
    queue_init(&queue, all->place, longest_work_ms(simulated_work));
    while (wait_for(pause_ms)) {
        enum queue_result result = is_quick(simulated_work)
                                       ? apply_several(*worker, &queue)
                                       : apply(*worker, &queue);
        pause_ms = pause_after(result, pause_ms);
    }
    queue_destroy(&queue);
    return NULL;
}

void workers_add_options(struct workers *workers, struct options *options)
{
    workers->count = 4;
    simulated_work_add_options(&workers->simulated_work, options);
    options_add_setting(options, "--workers", &workers->count, 0, 1000,
                        "threads that work, each with a connection");
}

// Signals to stop reach the main thread only, whose handler is quick.
int workers_start(struct workers *workers, const struct place *place,
                  bool is_quiet)
{
    sigset_t stop, before;
    all = workers;
    workers->place = place;
    workers->is_quiet = is_quiet;
    if (net_self_pipe(workers->stop) < 0)
        return -1;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    int result = pool_start(&workers->pool, workers->count, work);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return result;
}

void workers_stop(const struct workers *workers)
{
    int saved = errno;
    // The pipe is empty, so there is room for one byte.
    if (write(workers->stop[1], "!", 1) < 0)
        _exit(1);
    errno = saved;
}

void workers_wait(const struct workers *workers)
{
    struct pollfd polled = {.fd = workers->stop[0], .events = POLLIN};
    while (poll(&polled, 1, -1) < 0 && errno == EINTR)
        ;
}

void workers_join(struct workers *workers)
{
    pool_join(&workers->pool);
    close(workers->stop[0]);
    close(workers->stop[1]);
}
