// How many events are worked on at the same time.

#include "lab/experiments/events.h"
#include "lab/experiments/experiments.h"
#include "lib/base/clock.h"

// So many that each worker gets six.
static int count_jobs(const struct run *run)
{
    enum { EACH = 6, WORKERS_MAX = 4 };
    int workers = 1;
    if (run_has(run, HAS_EARLY | HAS_WORK))
        workers = (int)client_metric(run->server.port, "thaw_workers");
    bool is_known = workers >= 1 && workers <= WORKERS_MAX;
    return EACH * (is_known ? workers : WORKERS_MAX);
}

// Jobs per second, times the work for one: so many at once. Negative: they are
// not done, and the verdict says so.
static double measure(struct run *run, int work_ms)
{
    enum { JOBS_MAX = 24 };
    struct client clients[JOBS_MAX];
    if (!run_start(run, (struct settings){.work_ms = work_ms}))
        return -1;
    int jobs = count_jobs(run);
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

// A busy machine makes it slower, and never faster. So what is not nearly a
// whole number is measured again with more work, and the best counts.
void throughput(struct run *run)
{
    enum { TIMES = 4 };
    const double slack = 0.15;
    double best = -1;
    for (int i = 0; i < TIMES; i++) {
        double found = measure(run, run->work_ms << i);
        if (found < 0)
            return;
        best = found > best ? found : best;
        int whole = (int)(best + 0.5);
        if (!run_has(run, HAS_WORK) || (whole > 0 && best > whole - slack))
            break;
        run_stop(run);
    }
    if (run_has(run, HAS_WORK)) {
        run_verdict(run, "%.0f at once", best);
    } else {
        run_verdict(run, "no work");
        run_detail(run, "no work is done");
    }
}
