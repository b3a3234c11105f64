// How many events are worked on at the same time.

#include "lab/experiments/events.h"
#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

// How many work, if the server says so; 0: it does not. It is not believed, and
// says only when a measurement may stop.
static int count_workers(const struct run *run)
{
    if (!run_has(run, HAS_EARLY | HAS_WORK))
        return 1; // it responds after the work
    return events_workers(run);
}

// So many that each worker gets six.
static int count_jobs(int workers)
{
    enum { EACH = 6, WORKERS_MAX = 4 };
    bool is_known = workers >= 1 && workers <= WORKERS_MAX;
    return EACH * (is_known ? workers : WORKERS_MAX);
}

// Jobs per second, times the work for one: so many at once. Negative: they are
// not done, and the verdict says so.
static double measure(struct run *run, int work_ms, int *workers)
{
    enum { JOBS_MAX = 24 };
    struct client clients[JOBS_MAX];
    if (!run_start(run, (struct settings){.work_ms = work_ms}))
        return -1;
    *workers = count_workers(run);
    int jobs = count_jobs(*workers);
    int64_t start = clock_nanoseconds();
    events_send(run, clients, jobs);
    clients_wait(clients, jobs, run_limit_ms(run));
    run->accepted = 0;
    events_count(run, clients, jobs);
    events_close(clients, jobs);
    if (run->accepted < jobs) {
        run_verdict(run, "%d in", run->accepted);
        return -1;
    }
    if (run_has(run, HAS_EARLY | HAS_WORK) && !run_wait_done(run, jobs, jobs)) {
        run_verdict(run, "not done");
        run_detail(run, "%d events are not done in %d s", jobs,
                   run_limit_ms(run) / 1000);
        return -1;
    }
    double seconds = (double)(clock_nanoseconds() - start) / 1e9;
    run_detail(run, "%d jobs in %.1f s: %.1f jobs per second", jobs, seconds,
               jobs / seconds);
    return jobs / seconds * work_ms / 1e3;
}

// A busy machine makes it slower, and never faster. So it is measured again
// with more work, until the workers are all seen to work; the best counts.
void throughput(struct run *run)
{
    enum { TIMES = 3, TIMES_UNKNOWN = 2 };
    const double slack = 0.15;
    double best = -1;
    int workers = 0;
    int times = TIMES;
    for (int i = 0; i < times; i++) {
        run_stop(run);
        double found = measure(run, run->work_ms << i, &workers);
        if (found < 0)
            return;
        best = found > best ? found : best;
        if (workers == 0)
            times = TIMES_UNKNOWN;
        if (!run_has(run, HAS_WORK) || (workers > 0 && best > workers - slack))
            break;
    }
    if (run_has(run, HAS_WORK)) {
        run_verdict(run, "%.0f at once", best);
    } else {
        run_verdict(run, "no work");
        run_detail(run, "no work is done");
    }
}
