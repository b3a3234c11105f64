// Rude clients that leave at the wrong moment, or not at all.

#include "lab/experiments/experiments.h"
#include "lab/rude/rude.h"
#include "lab/rude/rude_experiments.h"

#include <poll.h>

enum { CROWD = 20, ROUNDS = 250 }; // enough to see a leak of 256 bytes
enum { EVENT_ROUNDS = 50 };        // stage 4 starts a thread for each event
enum { DRIP_MS = 100 };

static const char event[] =
    "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 1}";

static void reset(struct run *run, struct client *client)
{
    (void)run;
    client_reset(client);
}

static void post_event(struct run *run, struct client *client)
{
    (void)run;
    client_post(client, event);
}

static void half_a_header(struct run *run, struct client *client)
{
    (void)run;
    client_send(client, slice_of("GET /health HTTP/1.1\r\nHost: l"));
}

static void half_a_body(struct run *run, struct client *client)
{
    (void)run;
    client_send(client, slice_of("POST / HTTP/1.1\r\nHost: lab\r\n"
                                 "Content-Length: 10\r\n\r\nhalf"));
}

// The response fills the socket buffers of both sides, so the server is in the
// middle of sending.
static void take_nothing(struct run *run, struct client *client)
{
    client_close(client);
    client_open_narrow(client, run->server.port);
    request_megabytes(run, client);
}

void reset_while_idle(struct run *run)
{
    rude_perform(run, &(struct rude){.leave = reset,
                                     .clients = CROWD,
                                     .rounds = ROUNDS,
                                     .frozen_to = 1});
}

void reset_in_header(struct run *run)
{
    rude_perform(run, &(struct rude){.come = half_a_header,
                                     .leave = reset,
                                     .clients = CROWD,
                                     .rounds = ROUNDS,
                                     .frozen_to = 1});
}

void reset_in_body(struct run *run)
{
    rude_perform(run, &(struct rude){.come = half_a_body,
                                     .leave = reset,
                                     .clients = CROWD,
                                     .rounds = ROUNDS,
                                     .frozen_to = 1});
}

void reset_after_request(struct run *run)
{
    rude_perform(run, &(struct rude){.come = post_event,
                                     .leave = reset,
                                     .clients = CROWD,
                                     .rounds = EVENT_ROUNDS});
}

void reset_in_response(struct run *run)
{
    if (!has_large_response(run))
        return;
    rude_perform(run, &(struct rude){.come = take_nothing,
                                     .leave = reset,
                                     .rounds = 8,
                                     .frozen_to = 1,
                                     .settings.body_max_bytes = 9000000});
}

// The response must come, although the client has shut down its side.
static void take_response(struct run *run, struct client *client)
{
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
    if (!client_wait_end(client, rude_limit_ms()))
        rude_fault(run, "stays open");
}

static void post_and_shut(struct run *run, struct client *client)
{
    post_event(run, client);
    client_half_close(client);
}

void half_close(struct run *run)
{
    rude_perform(run, &(struct rude){.come = post_and_shut,
                                     .leave = take_response,
                                     .clients = CROWD,
                                     .rounds = EVENT_ROUNDS});
}

static void leave_at_once(struct run *run, struct client *client)
{
    (void)run;
    client_close(client);
}

void connect_and_close(struct run *run)
{
    rude_perform(run, &(struct rude){.come = leave_at_once,
                                     .clients = CROWD,
                                     .rounds = ROUNDS});
}

// Stage 1 has no time-out, so it waits until the client leaves. The servers
// with the loop must drop the client before.
static void wait_until_dropped(struct run *run, struct client *client)
{
    (void)client;
    if (run_has(run, HAS_KEEP_ALIVE) && !rude_wait_alone(run))
        rude_fault(run, "not dropped");
}

void never_reads(struct run *run)
{
    const struct settings settings = {.body_max_bytes = 9000000,
                                      .send_timeout_ms = 300};
    if (!has_large_response(run))
        return;
    rude_perform(run, &(struct rude){
                          .come = take_nothing,
                          .leave = wait_until_dropped,
                          .frozen_to = 1,
                          .settings = settings,
                      });
}

// It reads nothing until the server has filled the socket buffers, and then
// counts the echo.
static void read_late(struct run *run, struct client *client)
{
    enum { PAUSE_MS = 20 };
    static char body[1000 * 1000];
    client_close(client);
    client_open_remote(client, run->server.port);
    client_send(client, slice_of("POST / HTTP/1.1\r\nHost: lab\r\n"
                                 "Connection: close\r\n"
                                 "Content-Length: 1000000\r\n\r\n"));
    client_send(client, (struct slice){body, sizeof body});
    client_flush(client, rude_limit_ms());
    poll(NULL, 0, PAUSE_MS);
    if (rude_discard(client, 2 * sizeof body) < sizeof body)
        rude_fault(run, "cut off");
}

void large_response(struct run *run)
{
    rude_perform(run, &(struct rude){.come = read_late, .rounds = 20});
}

static void end_too_early(struct run *run, struct client *client)
{
    client_half_close(client);
    rude_expect_rejection(run, client, (struct slice){NULL, 0}, 400);
}

void short_body(struct run *run)
{
    rude_perform(run, &(struct rude){.come = half_a_body,
                                     .leave = end_too_early,
                                     .clients = CROWD,
                                     .rounds = ROUNDS,
                                     .frozen_to = 1});
}

static void send_slowly(struct client *client, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        client_send(client, (struct slice){text + i, 1});
        poll(NULL, 0, DRIP_MS);
    }
}

static void drip_first(struct run *run, struct client *client)
{
    (void)run;
    send_slowly(client, "GET /");
}

static void drip_on(struct run *run, struct client *client)
{
    send_slowly(client, " HTTP");
    client_send(client, slice_of("/1.1\r\nHost: lab\r\n\r\n"));
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
}

void drip(struct run *run)
{
    rude_perform(run, &(struct rude){
                          .come = drip_first,
                          .leave = drip_on,
                          .frozen_to = 1,
                      });
}
