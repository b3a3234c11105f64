#include "lab/crash/storm.h"
#include "lab/random.h"
#include "lib/base/clock.h"

#include <stdio.h>

void storm_init(struct storm *storm, struct ledger *ledger, int port,
                uint64_t seed)
{
    *storm = (struct storm){.ledger = ledger,
                            .port = port,
                            .run = (int)(clock_nanoseconds() % 1000000007),
                            .random = seed};
    for (int i = 0; i < STORM_CLIENTS; i++) {
        storm->clients[i].socket = -1;
        storm->clients[i].ended = true;
        storm->senders[i].event = -1;
    }
}

void storm_destroy(struct storm *storm)
{
    for (int i = 0; i < STORM_CLIENTS; i++)
        client_close(&storm->clients[i]);
}

static void post(struct client *client, const struct storm *storm, int event)
{
    char user[LEDGER_USER_SIZE];
    char body[128];
    struct buffer request = {0};
    ledger_user(event, user);
    snprintf(body, sizeof body,
             "{\"user\": \"%s\", \"action\": \"buy\", \"amount\": %lld}", user,
             ledger_amount(event));
    buffer_add_format(&request,
                      "POST / HTTP/1.1\r\nHost: lab\r\n"
                      "Idempotency-Key: \"crash-%d-%d\"\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      storm->run, event, strlen(body), body);
    client_next(client);
    client_send(client, buffer_slice(&request));
    buffer_destroy(&request);
}

// False: it has nothing to send now.
static bool choose_event(struct storm *storm, struct sender *sender)
{
    if (sender->event >= 0)
        return clock_milliseconds() >= sender->again_at;
    if (storm->left <= 0)
        return false;
    *sender = (struct sender){.event = ledger_add(storm->ledger)};
    storm->left--;
    return sender->event >= 0;
}

static void again_after(struct sender *sender, int milliseconds)
{
    sender->is_waiting = false;
    sender->again_at = clock_milliseconds() + milliseconds;
}

static void send_event(struct storm *storm, struct client *client,
                       struct sender *sender)
{
    enum { PAUSE_MS = 5 };
    if (client->socket < 0)
        client_open(client, storm->port);
    else
        client_reopen(client, storm->port);
    if (client->socket < 0) {
        again_after(sender, PAUSE_MS); // no connection: nothing was sent
        return;
    }
    post(client, storm, sender->event);
    storm->again += sender->was_sent;
    sender->was_sent = true;
    sender->is_waiting = true;
}

static void finish(struct storm *storm, struct sender *sender,
                   enum ledger_told told)
{
    ledger_tell(storm->ledger, sender->event, told, storm->life);
    sender->event = -1;
    sender->is_waiting = false;
}

static bool says(const struct client *client, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= client->body.length; i++)
        if (memcmp(client->body.bytes + i, word, length) == 0)
            return true;
    return false;
}

// One in two gives up, if it may.
static void on_rejected(struct storm *storm, struct sender *sender)
{
    enum { PAUSE_MAX = 20 };
    if (!sender->in_doubt && random_part(&storm->random) < 0.5)
        finish(storm, sender, LEDGER_REJECTED);
    else
        again_after(sender, 1 + (int)(PAUSE_MAX * random_part(&storm->random)));
}

static void take_outcome(struct storm *storm, const struct client *client,
                         struct sender *sender)
{
    enum { PAUSE_MS = 10 };
    storm->responses += client->status != 0;
    switch (client->status) {
    case 200:
    case 202:
        if (client_ms(client) > storm->slowest_ms)
            storm->slowest_ms = client_ms(client);
        finish(storm, sender, LEDGER_ACCEPTED);
        return;
    case 503:
        if (!says(client, "storage_failed")) {
            on_rejected(storm, sender);
            return;
        }
        break;
    default: // of the network's, or of a proxy
        break;
    }
    if (client->status != 0)
        storm->last_status = client->status;
    sender->in_doubt = true;
    again_after(sender, PAUSE_MS);
}

// Takes what came, and sends what is next.
static void step(struct storm *storm)
{
    for (int i = 0; i < STORM_CLIENTS; i++) {
        struct client *client = &storm->clients[i];
        struct sender *sender = &storm->senders[i];
        if (sender->is_waiting && (client->status != 0 || client->ended))
            take_outcome(storm, client, sender);
        if (!sender->is_waiting && choose_event(storm, sender))
            send_event(storm, client, sender);
    }
    enum { STEP_MS = 5 };
    clients_wait_some(storm->clients, STORM_CLIENTS, STEP_MS);
}

void storm_begin(struct storm *storm, int events, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    storm->left = events;
    storm->responses = 0;
    while (storm->responses == 0 && clock_milliseconds() < end)
        step(storm);
}

void storm_blow(struct storm *storm, const atomic_bool *stop)
{
    while (!atomic_load(stop))
        step(storm);
    storm->left = 0;
}

void storm_server_died(struct storm *storm)
{
    enum { LAST_MS = 2000 };
    clients_wait(storm->clients, STORM_CLIENTS, LAST_MS);
    for (int i = 0; i < STORM_CLIENTS; i++) {
        struct client *client = &storm->clients[i];
        struct sender *sender = &storm->senders[i];
        if (sender->is_waiting)
            take_outcome(storm, client, sender);
        // FIN would leave the server's port in TIME-WAIT.
        if (client->socket >= 0)
            client_reset(client);
        client->ended = true;
        client->status = 0;
        sender->again_at = 0;
    }
    storm->life++;
}

static int count_open(const struct storm *storm)
{
    int count = 0;
    for (int i = 0; i < STORM_CLIENTS; i++)
        count += storm->senders[i].event >= 0;
    return count;
}

int storm_settle(struct storm *storm, int milliseconds)
{
    int64_t end = clock_milliseconds() + milliseconds;
    storm->left = STORM_CLIENTS;
    int open = count_open(storm) + storm->left;
    while (open > 0 && clock_milliseconds() < end) {
        int before = open;
        step(storm);
        open = count_open(storm) + storm->left;
        if (open < before)
            end = clock_milliseconds() + milliseconds;
    }
    return open;
}
