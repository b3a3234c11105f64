// Whether an event costs work, and whether a gate holds it.

#include "lab/judge/probe_private.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <sys/ioctl.h>

void probe_work(struct probing *probing)
{
    struct run *run = &probing->run;
    struct client *client = &probing->client;
    bool is_late = (probing->subject->has & (HAS_EARLY | HAS_ECHO)) == 0 &&
                   client->status != 0;
    bool is_done = is_late;
    int64_t end =
        client->sent_at + 10LL * WORK_MS * 1000000; // on a busy machine
    while (!is_done && clock_nanoseconds() < end) {
        is_done = run_is_done(run, 1, 1);
        poll(NULL, 0, 5);
    }
    double ms = is_late ? client_ms(client)
                        : (double)(clock_nanoseconds() - client->sent_at) / 1e6;
    if (is_done)
        probe_set(probing, HAS_WORK, ms >= NO_WORK_MS,
                  "with WORK_MS=%d an event is done after %.0f ms", WORK_MS,
                  ms);
    else
        probe_set(
            probing, HAS_WORK, false,
            "nothing says that an event is done: no metric, balance or line");
}

void probe_rejections(struct probing *probing)
{
    struct client clients[PROBE_CLIENTS];
    struct run *run = &probing->run;
    struct settings small = {.capacity = 1, .workers = 1, .work_ms = HELD_MS};
    int rejected = 0;
    if (!run_start(run, small))
        return;
    for (int i = 0; i < PROBE_CLIENTS; i++) {
        client_open(&clients[i], run->server.port);
        client_post(&clients[i], PROBE_EVENT);
    }
    clients_wait(clients, PROBE_CLIENTS, FIRST_MS);
    for (int i = 0; i < PROBE_CLIENTS; i++) {
        rejected += clients[i].status == 503;
        client_close(&clients[i]);
    }
    if (rejected > 0)
        probe_set(probing, HAS_WORK, true,
                  "with CAPACITY=1 it rejects %d of %d events", rejected,
                  PROBE_CLIENTS);
    server_wait(&run->server, 0);
}

static int bytes_in(const struct gate *gate)
{
    int count = 0;
    ioctl(gate->descriptor, FIONREAD, &count);
    return count;
}

void probe_gate(struct probing *probing)
{
    enum { BYTES = 3, A_WHILE = 100 };
    struct gate gate;
    struct client client;
    struct run *run = &probing->run;
    if (gate_open(&gate) < 0)
        return;
    const struct settings held = {.work_gate = gate.path};
    if (!run_start(run, held)) {
        probe_set(probing, HAS_GATE, false, "with WORK_GATE: %.70s",
                  run->server.fault);
        gate_close(&gate);
        return;
    }
    client_open(&client, run->server.port);
    client_post(&client, PROBE_EVENT);
    bool is_early = (probing->subject->has & HAS_EARLY) != 0;
    bool was_early = client_wait(&client, is_early ? FIRST_MS : A_WHILE);
    gate_release(&gate, BYTES);
    int64_t end = clock_milliseconds() + 2L * PATIENCE_MS;
    while (bytes_in(&gate) == BYTES && clock_milliseconds() < end)
        poll(NULL, 0, 5);
    poll(NULL, 0, A_WHILE); // for more than one
    int used = BYTES - bytes_in(&gate);
    probe_set(probing, HAS_GATE, used == 1,
              used == 0
                  ? "it reads nothing from WORK_GATE, %d bytes for an event"
                  : "it reads %d of 3 bytes for one event%s",
              used, used == 1 ? "" : ": read without a buffer");
    if (used == 1)
        probing->subject->has |= HAS_WORK;
    if (used == 1 && is_early && !was_early) {
        probing->subject->has &= ~(unsigned)HAS_EARLY;
        probe_set(probing, HAS_EARLY, false,
                  "while the gate holds the work, an event gets no response");
    }
    client_close(&client);
    server_wait(&run->server, 0);
    gate_close(&gate);
}
