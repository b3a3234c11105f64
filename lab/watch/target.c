#include "lab/watch/target.h"
#include "lab/servers/stage.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t second = 1000000000;

enum {
    RESPONSE_MAX = 1 << 20, // in bytes: no metrics are that long
    AGAIN_SECONDS = 10      // where a new server cannot be told from the old
};

void target_init(struct target *target, int port, struct client *client)
{
    *target = (struct target){
        .sockets.port = port, .sockets.accepted = -1, .client = client};
    *client = (struct client){.socket = -1, .ended = true};
}

static void hang_up(struct target *target)
{
    client_close(target->client);
    *target->client = (struct client){.socket = -1, .ended = true};
    target->asked_at = 0;
}

void target_destroy(struct target *target)
{
    hang_up(target);
}

static void identify(struct target *target)
{
    int stages[] = {1, 2, SKETCH};
    sockets_owner(target->sockets.inode, target->name, sizeof target->name);
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (strcmp(target->name, stage_name(stages[i])) == 0) {
            target->metrics = METRICS_NONE;
            target->is_one_by_one = stages[i] == 1;
            target->has_poll_set = stages[i] != 1;
        }
}

// The server has ended, and perhaps another one has started.
static void begin_again(struct target *target)
{
    struct port_sockets sockets = target->sockets;
    hang_up(target);
    target_init(target, sockets.port, target->client);
    target->sockets = sockets;
}

void target_look(struct target *target, const struct port_sockets *sockets,
                 int64_t now)
{
    bool is_another = sockets->inode != target->sockets.inode;
    target->sockets = *sockets;
    if (is_another) {
        begin_again(target);
        if (sockets->inode != 0)
            identify(target);
    }
    if (sockets->backlog == 0)
        target->backlog_since = 0;
    else if (target->backlog_since == 0)
        target->backlog_since = now;
}

static bool may_ask(const struct target *target, int64_t now)
{
    const struct port_sockets *sockets = &target->sockets;
    if (target->asked_at != 0 || now < target->ask_again_at)
        return false;
    if (!sockets->is_known)
        return true;
    if (sockets->inode == 0 || target->metrics == METRICS_NONE)
        return false;
    return target->metrics == METRICS_THERE || sockets->backlog == 0;
}

void target_ask(struct target *target, int64_t now)
{
    struct client *client = target->client;
    if (!may_ask(target, now))
        return;
    if (client->socket < 0)
        client_open(client, target->sockets.port);
    else
        client_reopen(client, target->sockets.port);
    target->is_unreachable = client->socket < 0;
    if (target->is_unreachable) {
        target->ask_again_at = now + second;
        return;
    }
    client_request(client, "GET", "/metrics", NULL);
    target->asked_at = now;
}

static void no_metrics(struct target *target, int64_t now)
{
    hang_up(target);
    target->metrics = METRICS_NONE;
    target->ask_again_at = now + AGAIN_SECONDS * second;
}

static void take_response(struct target *target, int64_t now)
{
    struct client *client = target->client;
    struct sample sample;
    bool has_metrics =
        client->status == 200 && sample_parse(&sample, client->body);
    target->response_ms = client_ms(client);
    target->asked_at = 0;
    if (!has_metrics) {
        no_metrics(target, now);
        return;
    }
    sample.at = client->responded_at;
    if (sample.stage[0] != '\0')
        memcpy(target->name, sample.stage, sizeof target->name);
    target->metrics = METRICS_THERE;
    history_add(&target->history, &sample);
}

void target_take(struct target *target, int64_t now)
{
    struct client *client = target->client;
    if (target->asked_at == 0)
        return;
    if (client->status != 0)
        take_response(target, now);
    else if (client->in.length > RESPONSE_MAX ||
             (client->ended && target->metrics != METRICS_THERE))
        no_metrics(target, now);
    else if (client->ended) {
        hang_up(target);
        target->ask_again_at = now + second;
    }
}

bool target_is_there(const struct target *target)
{
    return target->sockets.is_known ? target->sockets.inode != 0
                                    : !target->is_unreachable;
}

int target_connections(const struct target *target)
{
    const struct sample *sample = history_newest(&target->history);
    if (sample == NULL || sample->open_connections < 0)
        return target->sockets.accepted;
    int others = (int)fmin(sample->open_connections, INT_MAX) - 1;
    return others > 0 ? others : 0;
}
