// What the system does to a server: signals, a full disk, a closed output.

#include "lab/rude/rude.h"
#include "lab/rude/rude_experiments.h"

#include <signal.h>
#include <unistd.h>

static void request_health(struct run *run, struct client *client)
{
    (void)run;
    client_request(client, "GET", "/health", NULL);
}

static void take_response(struct run *run, struct client *client)
{
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
}

static void signal_and_request(struct run *run, struct client *client)
{
    server_signal(&run->server, SIGPIPE);
    request_health(run, client);
}

void sigpipe(struct run *run)
{
    rude_perform(run, &(struct rude){.come = signal_and_request,
                                     .leave = take_response,
                                     .rounds = 100});
}

// The request comes while the server is stopped, the response after it
// continues.
static void stop_and_request(struct run *run, struct client *client)
{
    server_signal(&run->server, SIGSTOP);
    request_health(run, client);
}

static void let_continue(struct run *run, struct client *client)
{
    server_signal(&run->server, SIGCONT);
    take_response(run, client);
}

void stop_and_continue(struct run *run)
{
    rude_perform(run, &(struct rude){.come = stop_and_request,
                                     .leave = let_continue,
                                     .rounds = 20,
                                     .frozen_to = SERVERS});
}

// /dev/full, a file that is always full, exists on Linux only.
void full_disk(struct run *run)
{
    static const char full[] = "/dev/full";
    const struct settings settings = {
        .trace = access(full, W_OK) == 0 ? full : "/dev/null"};
    rude_perform(run, &(struct rude){
                          .come = request_health,
                          .leave = take_response,
                          .rounds = 200,
                          .settings = settings,
                      });
}

// As in "server | head -1": from the second line on, printing fails.
static void close_and_post(struct run *run, struct client *client)
{
    if (run->server.output.is_read)
        server_close_output(&run->server);
    client_post_event(client, "alice", 1);
}

void reader_leaves(struct run *run)
{
    rude_perform(run, &(struct rude){.come = close_and_post,
                                     .leave = take_response,
                                     .rounds = 50,
                                     .prints = true});
}
