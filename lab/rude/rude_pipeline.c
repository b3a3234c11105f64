// Many requests on one connection, in one piece and in two.

#include "lab/rude/rude.h"
#include "lab/rude/rude_experiments.h"

enum { REQUESTS = 100 };

static const char request[] = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
enum { REQUEST_LENGTH = sizeof request - 1 };

static struct slice pipelined(void)
{
    static char bytes[REQUESTS * REQUEST_LENGTH];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = request[i % REQUEST_LENGTH];
    return (struct slice){bytes, sizeof bytes};
}

// All responses to the same request are equally long.
static size_t response_length(struct run *run)
{
    struct client client;
    client_open(&client, run->server.port);
    client_send(&client, slice_of(request));
    if (!client_wait(&client, rude_limit_ms()))
        rude_fault(run, "no response");
    size_t length = client.header.length + client.body.length;
    client_close(&client);
    return length;
}

// A server without keep-alive sends one response, and closes.
static void expect_one(struct run *run, struct client *client)
{
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
    if (!client_wait_end(client, rude_limit_ms()))
        rude_fault(run, "stays open");
    client_close(client);
}

static void send_all(struct run *run, struct client *client)
{
    client_send(client, pipelined());
    if (!run_has(run, HAS_KEEP_ALIVE) && run->subject->number != SKETCH) {
        expect_one(run, client);
        return;
    }
    size_t length = response_length(run);
    size_t found = rude_discard(client, REQUESTS * length);
    if (found < REQUESTS * length)
        rude_fault(run, "%zu of %d", found / length, REQUESTS);
}

void pipeline(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_all, .rounds = 200});
}

// When the responses to all requests before the cut have come, the server has
// read up to the cut, and holds the beginning of the next request.
static void cut_everywhere(struct run *run, struct client *client)
{
    struct slice all = pipelined();
    size_t length = response_length(run);
    for (size_t cut = 1; cut < all.length && rude_is_faultless(run); cut++) {
        size_t before = cut / REQUEST_LENGTH;
        client_send(client, (struct slice){all.bytes, cut});
        size_t found = rude_discard(client, before * length);
        client_send(client, slice_after(all, cut));
        found += rude_discard(client, (REQUESTS - before) * length);
        if (found < REQUESTS * length)
            rude_fault(run, "cut at %zu", cut);
    }
}

static void cut_one_everywhere(struct run *run, struct client *client)
{
    struct slice all = slice_of(request);
    for (size_t cut = 1; cut < all.length && rude_is_faultless(run); cut++) {
        client_send(client, (struct slice){all.bytes, cut});
        client_send(client, slice_after(all, cut));
        expect_one(run, client);
        client_open(client, run->server.port);
    }
    client_close(client);
}

void pipeline_cut(struct run *run)
{
    bool is_one = !run_has(run, HAS_KEEP_ALIVE);
    rude_perform(run, &(struct rude){
                          .come = is_one ? cut_one_everywhere : cut_everywhere,
                          .rounds = is_one ? 20 : 1,
                      });
}

static void request_pipelined(struct run *run, int requests)
{
    enum { CLIENTS = 8 };
    struct client clients[CLIENTS];
    size_t length = REQUESTS * response_length(run);
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], run->server.port);
    for (int done = 0; done < requests && rude_is_faultless(run);
         done += CLIENTS * REQUESTS) {
        for (int i = 0; i < CLIENTS; i++)
            client_send(&clients[i], pipelined());
        for (int i = 0; i < CLIENTS; i++)
            if (rude_discard(&clients[i], length) < length)
                rude_fault(run, "too few");
    }
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
}

// The server closes after its response. The client resets, so that TIME-WAIT
// does not use up all ports.
static void request_one_by_one(struct run *run, int requests)
{
    struct client client;
    for (int i = 0; i < requests && rude_is_faultless(run); i++) {
        if (!client_request_once(&client, run->server.port, "GET", "/health",
                                 NULL, rude_limit_ms()))
            rude_fault(run, "no response");
        client_reset(&client);
    }
}

// This shows a leak of two bytes per request. Without keep-alive each request
// needs a connection, which is slow, so there are fewer.
void million(struct run *run)
{
    bool is_one = !run_has(run, HAS_KEEP_ALIVE);
    void (*request_many)(struct run *, int) =
        is_one ? request_one_by_one : request_pipelined;
    bool is_ours = run->subject->number > 0;
    int requests = is_one ? 100 * 1000 : 1000 * 1000;
    if (!is_ours)
        requests = 30 * 1000;
    if (!rude_start(run, &(struct rude){0}))
        return;
    request_many(run, 10 * 1000);
    double before_mb = rude_memory_alone(run);
    request_many(run, requests);
    run_detail(run, "%d requests more than 10,000; ", requests);
    rude_judge(run, "serves", before_mb);
}
