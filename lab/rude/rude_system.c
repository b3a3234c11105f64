// What the system does to a server: signals, a full disk, nobody to print for.

#include "lab/experiments/experiments.h"
#include "lab/rude/rude.h"

#include <signal.h>
#include <unistd.h>

static void ask(struct run *run, struct client *client)
{
    (void)run;
    client_request(client, "GET", "/health", NULL);
}

static void take_answer(struct run *run, struct client *client)
{
    if (!client_wait(client, LIMIT_MS))
        rude_fault(run, "no answer");
}

static void signal_and_ask(struct run *run, struct client *client)
{
    stage_signal(&run->stage, SIGPIPE);
    ask(run, client);
}

void sigpipe(struct run *run)
{
    rude_perform(run, &(struct rude){.come = signal_and_ask,
                                     .leave = take_answer,
                                     .rounds = 100});
}

// It asks a server that is stopped, and is answered when that goes on.
static void stop_and_ask(struct run *run, struct client *client)
{
    stage_signal(&run->stage, SIGSTOP);
    ask(run, client);
}

static void let_go_on(struct run *run, struct client *client)
{
    stage_signal(&run->stage, SIGCONT);
    take_answer(run, client);
}

void stop_and_continue(struct run *run)
{
    rude_perform(run, &(struct rude){.come = stop_and_ask,
                                     .leave = let_go_on,
                                     .rounds = 20,
                                     .frozen_to = STAGES});
}

// Linux has a file that is always full. Elsewhere the trace is thrown away.
void full_disk(struct run *run)
{
    static const char *const full[] = {"--trace", "/dev/full", NULL};
    static const char *const away[] = {"--trace", "/dev/null", NULL};
    rude_perform(run,
                 &(struct rude){
                     .come = ask,
                     .leave = take_answer,
                     .rounds = 200,
                     .arguments = access("/dev/full", W_OK) == 0 ? full : away,
                 });
}

// As "server | head -1" does: from the second line on, printing fails.
static void close_and_post(struct run *run, struct client *client)
{
    if (run->stage.output >= 0)
        stage_close_output(&run->stage);
    client_post_event(client, "alice", 1);
}

void reader_leaves(struct run *run)
{
    rude_perform(run, &(struct rude){.come = close_and_post,
                                     .leave = take_answer,
                                     .rounds = 50,
                                     .talks = true});
}
