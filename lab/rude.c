#include "lab/rude.h"
#include "lib/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CLIENTS_MAX = 128 };
enum { LOOK_MS = 200 };               // how long we look whether it spins
static const double grows = 1.048576; // in 10^6 bytes: so much is a leak

#ifdef THAW_SANITIZED
const bool rude_measures = false;
#else
const bool rude_measures = true;
#endif

static int descriptors_alone; // of the server, while nobody is connected

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
    return rude->talks ? run_start_talking(run, rude->arguments)
                       : run_start(run, rude->arguments);
}

// The server inherits our limit, so it is lowered for a moment.
static bool start_with_few(struct run *run, const struct rude *rude)
{
    struct rlimit ours;
    getrlimit(RLIMIT_NOFILE, &ours);
    const struct rlimit few = {.rlim_cur = (rlim_t)rude->descriptors,
                               .rlim_max = ours.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    bool is_started = start(run, rude);
    setrlimit(RLIMIT_NOFILE, &ours);
    return is_started;
}

// Once glibc has freed a large buffer, it keeps such memory for the next one,
// and a leak could not be told from that. With a fixed threshold it does not.
bool rude_start(struct run *run, const struct rude *rude)
{
    setenv("MALLOC_MMAP_THRESHOLD_", "131072", 1);
    run->work_ms = 1;
    bool is_started =
        rude->descriptors > 0 ? start_with_few(run, rude) : start(run, rude);
    if (is_started)
        descriptors_alone = stage_usage(&run->stage).descriptors;
    return is_started;
}

bool rude_wait_alone(const struct run *run)
{
    int64_t end = clock_milliseconds() + LIMIT_MS;
    while (stage_usage(&run->stage).descriptors > descriptors_alone) {
        if (clock_milliseconds() >= end)
            return false;
        poll(NULL, 0, 2);
    }
    return true;
}

static void judge_memory(struct run *run, double before_mb)
{
    double grown_mb = stage_usage(&run->stage).memory_mb - before_mb;
    if (rude_measures && grown_mb > grows)
        rude_fault(run, "grows %.1f MB", grown_mb);
    if (run->detail[0] == '\0')
        run_detail(run, "memory: %.2f MB, and %+.2f MB in the end", before_mb,
                   grown_mb);
}

void rude_judge(struct run *run, const char *word, double before_mb)
{
    struct client client;
    bool is_answered = client_ask_once(&client, run->stage.port, "GET",
                                       "/health", NULL, LIMIT_MS);
    client_close(&client);
    if (!is_answered)
        rude_fault(run, "dead");
    if (!rude_wait_alone(run))
        rude_fault(run, "leaks %d fds",
                   stage_usage(&run->stage).descriptors - descriptors_alone);
    judge_memory(run, before_mb);
    if (rude_is_faultless(run))
        run_verdict(run, "%s", word);
}

// Whoever waits does not compute. The bound is half the time, because a tick of
// the system's clock is 10 ms.
static void judge_computing(struct run *run)
{
    double before_s = stage_usage(&run->stage).cpu_s;
    poll(NULL, 0, LOOK_MS);
    double used_ms = (stage_usage(&run->stage).cpu_s - before_s) * 1e3;
    if (used_ms > LOOK_MS / 2.0)
        rude_fault(run, "spins");
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
        client_open(&clients[i], run->stage.port);
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

// One round, and a good client beside them. Returns whether it had its answer
// before they left.
static bool perform_asking(struct run *run, const struct rude *rude)
{
    struct client clients[CLIENTS_MAX];
    struct client good;
    int count = rude->clients > 0 ? rude->clients : 1;
    bool freezes = run->stage.number <= rude->frozen_to;
    come(run, rude, clients, count);
    client_open(&good, run->stage.port);
    client_ask(&good, "GET", "/health", NULL);
    bool is_served = client_wait(&good, freezes ? PATIENCE_MS : LIMIT_MS);
    if (rude->frozen_to > 0)
        judge_computing(run);
    if (!is_served) {
        leave(run, rude, clients, count);
        if (!client_wait(&good, LIMIT_MS))
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
    perform_rounds(run, rude, 1 + rounds / 4);
    rude_wait_alone(run);
    double memory_mb = stage_usage(&run->stage).memory_mb;
    bool is_served = perform_asking(run, rude);
    perform_rounds(run, rude, rounds - 1);
    rude_judge(run, is_served ? "serves" : "lives", memory_mb);
}

void rude_expect_refusal(struct run *run, struct client *client,
                         struct slice bytes, int status)
{
    client_send(client, bytes);
    client_wait(client, LIMIT_MS);
    if (client->status != status)
        rude_fault(run, "%d, not %d", client->status, status);
    if (!client_wait_end(client, LIMIT_MS))
        rude_fault(run, "stays open");
    client_close(client);
}

bool rude_take(struct client *client, size_t length)
{
    char bytes[65536];
    while (length > 0) {
        size_t max = length < sizeof bytes ? length : sizeof bytes;
        struct pollfd polled = {.fd = client->socket, .events = POLLIN};
        ssize_t count = recv(client->socket, bytes, max, 0);
        if (count > 0)
            length -= (size_t)count;
        else if (count == 0 || poll(&polled, 1, LIMIT_MS) <= 0)
            return false;
    }
    return true;
}
