#include "lab/rude/rude.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CLIENTS_MAX = 128 };

// In 10^6 bytes: what is a leak of ours, and of a server that collects garbage.
static const double grows = 1.048576;
static const double others_grow = 16;
enum { OTHERS_DESCRIPTORS = 8 };

#ifdef THAW_SANITIZED
const bool rude_measures = false;
#else
const bool rude_measures = true;
#endif

static bool is_ours;
static double may_grow;       // in 10^6 bytes, by the end
static int descriptors_alone; // of the server, while no client is connected

int rude_limit_ms(void)
{
    enum { OTHERS_MS = 5000 };
    return is_ours ? LIMIT_MS : OTHERS_MS;
}

void rude_fault(struct run *run, const char *format, ...)
{
    va_list arguments;
    if (!rude_is_faultless(run))
        return;
    va_start(arguments, format);
    vsnprintf(run->verdict, sizeof run->verdict, format, arguments);
    va_end(arguments);
}

bool rude_is_faultless(const struct run *run)
{
    return run->verdict[0] == '\0';
}

static bool start(struct run *run, const struct rude *rude)
{
    return rude->prints ? run_start_printing(run, rude->settings)
                        : run_start(run, rude->settings);
}

static rlim_t few_descriptors;

// In the server's process, before it runs.
static void limit_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = few_descriptors;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// A server listens before it has opened all that it has: so a first response is
// waited for. The connection of that counts no more when it is closed. (Other
// servers close when they like, and may have some descriptors more.)
static int settled_descriptors(const struct run *run)
{
    enum { OTHERS_MS = 200 };
    bool stays_open = is_ours && run_has(run, HAS_KEEP_ALIVE);
    struct client client;
    client_request_once(&client, run->server.port, "GET", "/health", NULL,
                        rude_limit_ms());
    int connected = server_usage(&run->server).descriptors;
    int count = connected;
    client_close(&client);
    int64_t end =
        clock_milliseconds() + (stays_open ? rude_limit_ms() : OTHERS_MS);
    while (count > 0 && count >= connected && clock_milliseconds() < end) {
        poll(NULL, 0, 2);
        count = server_usage(&run->server).descriptors;
    }
    return stays_open && count > 0 && count >= connected ? connected - 1
                                                         : count;
}

// More than these are a leak. `shared` has four connections to its database,
// which it opens while it serves.
static int spare_descriptors(const struct run *run)
{
    enum { DATABASE_CONNECTIONS = 4 };
    if (run->subject->number == SHARED)
        return DATABASE_CONNECTIONS;
    return is_ours ? 0 : OTHERS_DESCRIPTORS;
}

// glibc does not return all freed memory to the system, which would look like a
// leak. With these variables it returns nearly all of it.
bool rude_start(struct run *run, const struct rude *rude)
{
    setenv("MALLOC_MMAP_THRESHOLD_", "131072", 1);
    setenv("MALLOC_ARENA_MAX", "1", 1);
    run->work_ms = 1;
    is_ours = run->subject->number > 0;
    may_grow = is_ours ? grows : others_grow;
    few_descriptors = (rlim_t)rude->descriptors;
    run->prepare = rude->descriptors > 0 ? limit_descriptors : NULL;
    bool is_started = start(run, rude);
    if (is_started)
        descriptors_alone = settled_descriptors(run) + spare_descriptors(run);
    return is_started;
}

// On a busy machine the server may need long. One that does nothing for some
// seconds, longer than it lingers, keeps them for ever.
bool rude_wait_alone(const struct run *run)
{
    enum { STILL_MS = 6000 };
    int64_t now = clock_milliseconds();
    int64_t end = now + rude_limit_ms();
    int64_t still_end = now + STILL_MS;
    struct server_usage before = {0};
    struct server_usage usage;
    while ((usage = server_usage(&run->server)).descriptors >
           descriptors_alone) {
        now = clock_milliseconds();
        if (usage.descriptors != before.descriptors ||
            usage.cpu_s != before.cpu_s)
            still_end = now + STILL_MS;
        if (now >= end || now >= still_end)
            return false;
        before = usage;
        poll(NULL, 0, 2);
    }
    return true;
}

static bool responds(const struct run *run)
{
    struct client client;
    bool has_response = client_request_once(&client, run->server.port, "GET",
                                            "/health", NULL, rude_limit_ms());
    client_close(&client);
    return has_response;
}

// A server closes a connection's descriptor before it frees its memory. After
// one more response it has done both.
double rude_memory_alone(struct run *run)
{
    if (!rude_is_faultless(run) && !is_ours)
        return 0; // it is known already that something is wrong
    if (!rude_wait_alone(run))
        rude_fault(run, "leaks %d fds",
                   server_usage(&run->server).descriptors - descriptors_alone);
    if (!responds(run))
        rude_fault(run, "dead");
    if (rude_is_faultless(run))
        rude_wait_alone(run);
    return server_usage(&run->server).memory_mb;
}

void rude_judge(struct run *run, const char *word, double before_mb)
{
    double grown_mb = rude_memory_alone(run) - before_mb;
    if (!rude_is_faultless(run) && !is_ours)
        return;
    size_t length = strlen(run->detail);
    if (rude_measures && grown_mb > may_grow)
        rude_fault(run, "grows %.1f MB", grown_mb);
    snprintf(run->detail + length, sizeof run->detail - length,
             "memory: %.2f MB, and %+.2f MB in the end", before_mb, grown_mb);
    if (rude_is_faultless(run))
        run_verdict(run, "%s", word);
}

// It computes, or would if there was a processor for it.
static double busy_ms(const struct run *run)
{
    return server_usage(&run->server).cpu_s * 1e3 +
           (double)server_run_delay(run->server.pid) / 1e6;
}

static double computed_ms(const struct run *run, int milliseconds)
{
    double before = busy_ms(run);
    poll(NULL, 0, milliseconds);
    return busy_ms(run) - before;
}

// A server that waits uses no CPU time. On a busy machine it may still be
// handling what the clients sent, so one quiet look is enough. The bound is two
// ticks of the system's clock.
static void judge_computing(struct run *run)
{
    enum { LOOKS = 50, LOOK_MS = 200, QUIET_MS = 20 };
    double used_ms = 0;
    for (int i = 0; i < LOOKS; i++) {
        used_ms = computed_ms(run, LOOK_MS);
        if (used_ms <= QUIET_MS)
            break;
    }
    if (used_ms > QUIET_MS)
        rude_fault(run, "spins");
    run_detail(run, "CPU time: %.0f ms in %d ms; ", used_ms, LOOK_MS);
}

static void leave(struct run *run, const struct rude *rude,
                  struct client *clients, int count)
{
    for (int i = 0; i < count; i++) {
        if (rude->leave != NULL)
            rude->leave(run, &clients[i]);
        client_close(&clients[i]);
    }
}

static void come(struct run *run, const struct rude *rude,
                 struct client *clients, int count)
{
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], run->server.port);
        if (rude->come != NULL)
            rude->come(run, &clients[i]);
    }
}

static void perform_rounds(struct run *run, const struct rude *rude, int rounds)
{
    struct client clients[CLIENTS_MAX];
    int count = rude->clients > 0 ? rude->clients : 1;
    for (int i = 0; i < rounds && rude_is_faultless(run); i++) {
        come(run, rude, clients, count);
        leave(run, rude, clients, count);
    }
}

// One round, and a good client beside them. Returns whether it had its response
// before they left.
static bool perform_with_good_client(struct run *run, const struct rude *rude)
{
    struct client clients[CLIENTS_MAX];
    struct client good;
    int count = rude->clients > 0 ? rude->clients : 1;
    bool freezes = run->subject->number <= rude->frozen_to;
    int patience_ms = freezes ? 2 * PATIENCE_MS : rude_limit_ms();
    come(run, rude, clients, count);
    client_open(&good, run->server.port);
    client_request(&good, "GET", "/health", NULL);
    bool is_served = client_wait(&good, patience_ms);
    if (rude->frozen_to > 0)
        judge_computing(run);
    if (!is_served) {
        leave(run, rude, clients, count);
        if (!client_wait(&good, rude_limit_ms()))
            rude_fault(run, "dead");
    }
    run->slowest_ms = client_ms(&good);
    client_close(&good);
    if (is_served)
        leave(run, rude, clients, count);
    return is_served;
}

void rude_perform(struct run *run, const struct rude *rude)
{
    int rounds = rude->rounds > 0 ? rude->rounds : 1;
    if (!rude_start(run, rude))
        return;
    perform_rounds(run, rude, rounds);
    double memory_mb = rude_memory_alone(run);
    bool is_served = perform_with_good_client(run, rude);
    perform_rounds(run, rude, rounds - 1);
    if (!is_ours) {
        double before_mb = memory_mb;
        memory_mb = rude_memory_alone(run);
        if (memory_mb - before_mb < others_grow / 2)
            may_grow = INFINITY; // it did not grow in the second third
        perform_rounds(run, rude, rounds);
    }
    rude_judge(run, is_served ? "serves" : "lives", memory_mb);
}

void rude_expect_rejection(struct run *run, struct client *client,
                           struct slice bytes, int status)
{
    client_send(client, bytes);
    client_wait(client, rude_limit_ms());
    if (client->status == 0)
        rude_fault(run, "no response");
    else if (client->status != status)
        rude_fault(run, "%d, not %d", client->status, status);
    if (!client_wait_end(client, rude_limit_ms()))
        rude_fault(run, "stays open");
    client_close(client);
}

size_t rude_discard(struct client *client, size_t length)
{
    char bytes[65536];
    size_t discarded = 0;
    while (discarded < length) {
        size_t left = length - discarded;
        size_t max = left < sizeof bytes ? left : sizeof bytes;
        struct pollfd polled = {.fd = client->socket, .events = POLLIN};
        ssize_t count = recv(client->socket, bytes, max, 0);
        if (count > 0)
            discarded += (size_t)count;
        else if (count == 0 || !net_would_block() ||
                 poll(&polled, 1, rude_limit_ms()) <= 0)
            break;
    }
    return discarded;
}
