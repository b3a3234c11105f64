// kill -9: does what was accepted survive?

#include "lab/experiments/crash.h"
#include "lab/crash/storm.h"
#include "lab/experiments/experiments.h"
#include "lab/random.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum { EVENTS = 2000 }; // new ones in a round, at most

struct crash_options crash_options = {.rounds = CRASH_ROUNDS};

// What one run of it needs.
struct crash {
    struct run *run;
    struct ledger ledger;
    struct storm storm;
    int seed;
    uint64_t random; // for the moments alone: the same for the same seed
    int at_start;    // how often it was killed before it was ready
};

static void sleep_for(int64_t nanoseconds)
{
    const struct timespec pause = {.tv_sec = nanoseconds / 1000000000,
                                   .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&pause, NULL);
}

// Every moment is as likely as any other, but short times are likelier.
static int64_t random_time(struct crash *crash, int max_ms)
{
    double part = random_part(&crash->random);
    return (int64_t)(part * part * max_ms * 1e6);
}

// On a thread of its own: the clients of the storm go on.
struct killer {
    const struct server *server;
    int64_t delay; // in nanoseconds
    atomic_bool has_killed;
};

static void *kill_after_delay(void *argument)
{
    struct killer *killer = argument;
    sleep_for(killer->delay);
    server_signal(killer->server, SIGKILL);
    atomic_store(&killer->has_killed, true);
    return NULL;
}

// The time begins with the first response, so the moment does not depend on
// how fast the machine is. False: the lab could not do it, or the server had
// ended by itself.
static bool kill_in_a_storm(struct crash *crash)
{
    enum { STORM_MS = 250 };
    pthread_t thread;
    struct server *server = &crash->run->server;
    struct killer killer = {.server = server,
                            .delay = random_time(crash, STORM_MS)};
    storm_begin(&crash->storm, EVENTS, LIMIT_MS);
    errno = pthread_create(&thread, NULL, kill_after_delay, &killer);
    if (errno != 0) {
        trouble_note_errno("pthread_create");
        return false;
    }
    storm_blow(&crash->storm, &killer.has_killed);
    pthread_join(thread, NULL);
    server_kill(server);
    storm_server_died(&crash->storm);
    crash->run->died = server->exit_signal != SIGKILL;
    return !crash->run->died;
}

// One start in four is killed, too: a recovery must survive it as well.
static bool come_back(struct crash *crash)
{
    enum { START_MS = 50 };
    struct run *run = crash->run;
    bool is_killed = random_part(&crash->random) < 0.25;
    int64_t moment = random_time(crash, START_MS);
    if (!run_respawn(run))
        return false;
    if (is_killed) {
        sleep_for(moment);
        server_kill(&run->server);
        crash->at_start++;
        if (!run_respawn(run))
            return false;
    }
    return server_wait_ready(&run->server) == 0;
}

// NULL: no such response.
static json_t *balances_of(const struct run *run)
{
    struct client client;
    client_request_once(&client, run->server.port, "GET", "/balances", NULL,
                        LIMIT_MS);
    json_t *all = json_loadb(client.body.bytes, client.body.length, 0, NULL);
    if (client.status != 200 || !json_is_object(all)) {
        json_decref(all);
        all = NULL;
    }
    client_close(&client);
    return all;
}

// A metric that the server lacks is -1.
static bool is_idle(const struct run *run)
{
    int port = run->server.port;
    return client_metric(port, "thaw_channel_jobs") <= 0 &&
           client_metric(port, "thaw_busy_workers") <= 0;
}

// The balances, when they do not change any more. Its counters began again with
// the last start, so they do not say how much is done. NULL: they change, or
// are not there.
static json_t *last_balances(const struct run *run)
{
    enum { KNOWN_MS = 150, UNKNOWN_MS = 1000 };
    int pause_ms = run_has(run, HAS_METRICS) ? KNOWN_MS : UNKNOWN_MS;
    int64_t end = clock_milliseconds() + run_limit_ms(run);
    json_t *before = balances_of(run);
    while (clock_milliseconds() < end) {
        bool was_idle = is_idle(run);
        poll(NULL, 0, pause_ms);
        json_t *now = balances_of(run);
        bool is_last = was_idle && now != NULL && json_equal(before, now);
        json_decref(before);
        if (is_last)
            return now;
        before = now;
    }
    json_decref(before);
    return NULL;
}

static const char *verdict_of(const struct audit *audit)
{
    bool is_double = audit->doubled + audit->unwanted > 0;
    if (audit->lost > 0)
        return is_double ? "loses, doubles" : "loses";
    if (audit->doubled > 0)
        return "doubles";
    return audit->unwanted > 0 ? "applies a 503" : "keeps all";
}

static void tell(struct crash *crash, const struct audit *audit)
{
    char first[64] = "";
    run_verdict(crash->run, "%s", verdict_of(audit));
    if (audit->first >= 0)
        snprintf(first, sizeof first, "; the first is event %d, before kill %d",
                 audit->first, crash->ledger.life[audit->first] + 1);
    run_detail(crash->run,
               "%d kills: %d accepted, %d applied, %d lost, %d doubled%s; "
               "seed %d",
               crash->storm.life + crash->at_start, audit->accepted,
               audit->applied, audit->lost, audit->doubled, first, crash->seed);
}

static void judge_balances(struct crash *crash)
{
    enum { SETTLE_MS = 5000 };
    struct run *run = crash->run;
    int open = storm_settle(&crash->storm, SETTLE_MS);
    json_t *balances = last_balances(run);
    struct audit audit = ledger_audit(&crash->ledger, balances);
    run->accepted = audit.accepted;
    run->rejected = audit.rejected;
    run->slowest_ms = crash->storm.slowest_ms;
    tell(crash, &audit);
    if (open > 0) {
        run_verdict(run, "no outcome");
        run_detail(run,
                   "%d events have no outcome, and were sent again for %d s; "
                   "the last status was %d; seed %d",
                   open, SETTLE_MS / 1000, crash->storm.last_status,
                   crash->seed);
    } else if (balances == NULL) {
        run_verdict(run, "not done");
        run_detail(run, "the balances still change, or GET /balances fails");
    } else if (audit.accepted < STORM_CLIENTS / 2) {
        run_verdict(run, "%d in", audit.accepted);
    }
    json_decref(balances);
}

static int new_seed(void)
{
    enum { SEEDS = 1000000 };
    return crash_options.seed > 0 ? crash_options.seed
                                  : 1 + (int)(clock_nanoseconds() % SEEDS);
}

// Small seeds differ in few bits, and the first numbers after them in few, too.
static uint64_t spread(int seed)
{
    return (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15);
}

static void perform(struct crash *crash)
{
    struct run *run = crash->run;
    bool is_back = true;
    while (crash->storm.life < crash_options.rounds && is_back) {
        if (!kill_in_a_storm(crash)) {
            server_wait(&run->server, 0); // there is no next start
            run_verdict(run, "ended before");
            run_detail(run, "before kill %d it ended by itself; seed %d",
                       crash->storm.life, crash->seed);
            return;
        }
        is_back = come_back(crash);
    }
    if (is_back) {
        judge_balances(crash);
        return;
    }
    run_verdict(run, "stays down");
    run_detail(run, "after kill %d, seed %d: %.80s", crash->storm.life,
               crash->seed, run->server.fault);
}

// Many rounds need more users than our own servers take without an option.
// *more becomes the subject of the run.
static void make_room(struct run *run, struct subject *more)
{
    enum { USERS = 2000, EACH = EVENTS / LEDGER_EACH + 1 };
    static char users[16];
    *more = *run->subject;
    run->subject = more;
    snprintf(users, sizeof users, "%d", crash_options.rounds * EACH);
    if (more->number > 0 && crash_options.rounds * EACH > USERS)
        stage_command(&more->command, more->number,
                      (const char *[]){"--users-max", users, NULL});
}

void crash(struct run *run)
{
    static struct crash crash;
    const struct settings settings = {.work_ms = 1, .workers = 8};
    const struct subject *subject = run->subject;
    struct subject more;
    make_room(run, &more);
    if (run_start(run, settings)) {
        crash = (struct crash){.run = run, .seed = new_seed()};
        crash.random = spread(crash.seed);
        ledger_init(&crash.ledger);
        storm_init(&crash.storm, &crash.ledger, run->server.port,
                   spread(crash.seed));
        perform(&crash);
        storm_destroy(&crash.storm);
        ledger_destroy(&crash.ledger);
    }
    run->subject = subject;
}
