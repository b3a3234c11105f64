// Many requests on one connection, in one piece and in two.

#include "lab/experiments/experiments.h"
#include "lab/rude/rude.h"

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

// The answers to the same request are equally long. Stage 1 closes after one.
static size_t answer_length(struct run *run)
{
    struct client client;
    client_open(&client, run->stage.port);
    client_send(&client, slice_of(request));
    if (!client_wait(&client, LIMIT_MS))
        rude_fault(run, "no answer");
    size_t length = client.head.length + client.body.length;
    client_close(&client);
    return length;
}

// Stage 1 has answered once, and closes: it is no server for pipelines.
static void expect_one(struct run *run, struct client *client)
{
    if (!client_wait(client, LIMIT_MS))
        rude_fault(run, "no answer");
    if (!client_wait_end(client, LIMIT_MS))
        rude_fault(run, "stays open");
    client_close(client);
}

static void send_all(struct run *run, struct client *client)
{
    client_send(client, pipelined());
    if (run->stage.number == 1)
        expect_one(run, client);
    else if (!rude_take(client, REQUESTS * answer_length(run)))
        rude_fault(run, "some answers");
}

void pipeline(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_all, .rounds = 200});
}

// When all requests before the cut are answered, the server has read up to it,
// and has the beginning of the next one in hand.
static void cut_everywhere(struct run *run, struct client *client)
{
    struct slice all = pipelined();
    size_t answer = answer_length(run);
    for (size_t cut = 1; cut < all.length && rude_is_faultless(run); cut++) {
        size_t before = cut / REQUEST_LENGTH;
        client_send(client, (struct slice){all.bytes, cut});
        bool is_first = rude_take(client, before * answer);
        client_send(client, slice_after(all, cut));
        if (!is_first || !rude_take(client, (REQUESTS - before) * answer))
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
        client_open(client, run->stage.port);
    }
    client_close(client);
}

void pipeline_cut(struct run *run)
{
    bool is_one = run->stage.number == 1;
    rude_perform(run, &(struct rude){
                          .come = is_one ? cut_one_everywhere : cut_everywhere,
                          .rounds = is_one ? 20 : 1,
                      });
}

// On a few connections at the same time, as many as are in the array.
static void ask_pipelined(struct run *run, int requests)
{
    enum { CLIENTS = 8 };
    struct client clients[CLIENTS];
    size_t length = REQUESTS * answer_length(run);
    for (int i = 0; i < CLIENTS; i++)
        client_open(&clients[i], run->stage.port);
    for (int done = 0; done < requests && rude_is_faultless(run);
         done += CLIENTS * REQUESTS) {
        for (int i = 0; i < CLIENTS; i++)
            client_send(&clients[i], pipelined());
        for (int i = 0; i < CLIENTS; i++)
            if (!rude_take(&clients[i], length))
                rude_fault(run, "some answers");
    }
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
}

// The server closes after its answer; our reset spares us its TIME-WAIT.
static void ask_one_by_one(struct run *run, int requests)
{
    struct client client;
    for (int i = 0; i < requests && rude_is_faultless(run); i++) {
        if (!client_request_once(&client, run->stage.port, "GET", "/health",
                                 NULL, LIMIT_MS))
            rude_fault(run, "no answer");
        client_reset(&client);
    }
}

// A leak of two bytes for each request would be seen. Stage 1 takes a
// connection for each, which is slow, and so is given fewer.
void million(struct run *run)
{
    bool is_one = run->stage.number == 1;
    void (*ask)(struct run *, int) = is_one ? ask_one_by_one : ask_pipelined;
    int requests = is_one ? 100 * 1000 : 1000 * 1000;
    if (!rude_start(run, &(struct rude){0}))
        return;
    ask(run, 10 * 1000);
    double before_mb = rude_memory_alone(run);
    ask(run, requests);
    run_detail(run, "%d requests more than 10,000; ", requests);
    rude_judge(run, "serves", before_mb);
}
