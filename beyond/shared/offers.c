#include "beyond/shared/offers.h"
#include "beyond/shared/notices.h"
#include "beyond/shared/responses.h"
#include "beyond/shared/statements.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"
#include "lib/base/process.h"
#include "stage2_async/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The tick goes on with what has no descriptor yet, and looks at the table.
enum { QUICK_TICK_MS = 16, TICK_MS = 100 };
enum { KEYS_HOURS = 24, EXPIRE_MS = 60000 };

struct line {
    struct database database; // comes first: on_outcome gets this
    struct query *query;      // that is sent
    struct query own;         // the server's
};

void offers_add_options(struct offers *offers, struct options *options)
{
    offers->connections = 4;
    offers->waiting_max = 1000;
    offers->timeout_ms = 5000;
    offers->listed_max = 2000;
    options_add_setting(options, "--connections", &offers->connections, 1, 100,
                        "to the database");
    options_add_setting(options, "--waiting-max", &offers->waiting_max, 0,
                        1000000, "requests that wait for one of them");
    options_add_setting(options, "--offer-timeout-ms", &offers->timeout_ms, 50,
                        3600000, "for the database's response");
    options_add_number(options, "--users-max", &offers->listed_max, 1, 1000000,
                       "users that GET /balances lists");
}

static void give_back(struct offers *offers, struct query *query)
{
    query->next = offers->free;
    offers->free = query;
}

static void complete(struct offers *offers, struct query *query,
                     struct http_response *response)
{
    if (query->conn != NULL) {
        conn_complete(query->conn, response);
        give_back(offers, query);
    }
    buffer_destroy(&response->text);
}

// A connection is there, or this is the first attempt to have it.
static bool may_serve(const struct offers *offers)
{
    for (int i = 0; i < offers->connections; i++)
        if (offers->lines[i].database.failures == 0)
            return true;
    return false;
}

static struct line *find_idle(const struct offers *offers)
{
    for (int i = 0; i < offers->connections; i++)
        if (offers->lines[i].database.state == DATABASE_IDLE)
            return &offers->lines[i];
    return NULL;
}

static void send_query(struct line *line, struct query *query)
{
    line->query = query;
    query_send(query, &line->database);
}

// Responds to what waits: all of it, if there is no connection; otherwise what
// has waited for too long, which is the first of it.
static void end_waiting(struct offers *offers)
{
    bool is_down = !may_serve(offers);
    while (offers->first != NULL &&
           (is_down || query_time_left(offers->first) == 0)) {
        struct query *query = offers->first;
        struct http_response response = {.since = query->since};
        offers->first = query->next;
        if (is_down)
            responses_unavailable(&response);
        else
            query_reject(query->kind, &response);
        complete(offers, query, &response);
    }
}

static void send_waiting(struct offers *offers)
{
    struct line *line;
    end_waiting(offers);
    while (offers->first != NULL && (line = find_idle(offers)) != NULL) {
        struct query *query = offers->first;
        offers->first = query->next;
        send_query(line, query);
    }
}

static void note_own(struct offers *offers, const struct query *query)
{
    if (query->kind == QUERY_WAITING)
        offers->jobs = query->number;
    else if (query->number > 0) // there may be more
        offers->expired_ms = 0;
}

static void on_outcome(struct database *database, enum database_outcome outcome,
                       const PGresult *result)
{
    struct line *line = (struct line *)database;
    struct query *query = line->query;
    struct offers *offers = database->context;
    struct http_response response = {.since = query->since};
    switch (query_respond(query, outcome, result, &response)) {
    case QUERY_AGAIN:
        send_query(line, query);
        return;
    case QUERY_FAILED:
        notices_failed(offers->program, PQresultErrorMessage(result));
        database_renew(database, PQresultErrorMessage(result));
        break;
    case QUERY_RESPONDED:
        if (query->conn == NULL && outcome == DATABASE_DONE)
            note_own(offers, query);
        break;
    }
    complete(offers, query, &response);
    send_waiting(offers);
}

// What the server itself asks, while a connection has nothing else to do.
static void ask(struct offers *offers)
{
    struct line *line = find_idle(offers);
    int64_t now = clock_milliseconds();
    if (line == NULL)
        return;
    line->own = (struct query){.kind = QUERY_WAITING,
                               .end_ms = now + offers->timeout_ms};
    if (now - offers->expired_ms >= EXPIRE_MS) {
        line->own.kind = QUERY_EXPIRE;
        line->own.number = KEYS_HOURS;
        offers->expired_ms = now;
    }
    send_query(line, &line->own);
}

// Says once that the last connection has ended, and once that one is back.
static void notice(struct offers *offers)
{
    if (offers->is_down == !may_serve(offers))
        return;
    offers->is_down = !offers->is_down;
    if (offers->is_down)
        notices_down(offers->program, offers->lines[0].database.fault);
    else
        notices_up(offers->program);
}

static short on_tick(void *context, short revents)
{
    struct offers *offers = context;
    bool is_connecting = false;
    (void)revents;
    for (int i = 0; i < offers->connections; i++) {
        struct database *database = &offers->lines[i].database;
        database_tick(database);
        is_connecting |= database->state <= DATABASE_CONNECTING;
    }
    notice(offers);
    send_waiting(offers);
    ask(offers);
    loop_set_deadline(offers->loop, offers->clock[0],
                      is_connecting ? QUICK_TICK_MS : TICK_MS);
    return 0;
}

int offers_init(struct offers *offers, struct loop *loop,
                const struct place *place, const char *program)
{
    size_t connections = (size_t)offers->connections;
    size_t count = (size_t)offers->waiting_max + connections;
    offers->program = program;
    offers->free = NULL;
    offers->first = NULL;
    offers->is_down = false;
    offers->jobs = 0;
    offers->loop = loop;
    offers->lines = calloc(connections, sizeof *offers->lines);
    offers->queries = calloc(count, sizeof *offers->queries);
    if (offers->lines == NULL || offers->queries == NULL)
        return process_cannot("take memory for %zu requests", count);
    schema_setup(place,
                 place_counts(place) ? statements_front_counting
                                     : statements_front,
                 offers->setup);
    for (size_t i = 0; i < count; i++)
        give_back(offers, &offers->queries[i]);
    for (size_t i = 0; i < connections; i++)
        database_init(&offers->lines[i].database, loop, place, offers->setup,
                      on_outcome, offers);
    if (net_self_pipe(offers->clock) < 0)
        return -1;
    return loop_register(loop, offers->clock[0], on_tick, offers);
}

void offers_destroy(struct offers *offers)
{
    for (int i = 0; i < offers->connections; i++)
        database_destroy(&offers->lines[i].database);
    free(offers->lines);
    free(offers->queries);
    close(offers->clock[0]);
    close(offers->clock[1]);
}

// NULL: the response is filled in.
static struct query *defer(struct offers *offers, enum query_kind kind,
                           struct http_response *response)
{
    struct query *query = offers->free;
    if (!may_serve(offers)) {
        responses_unavailable(response);
        return NULL;
    }
    if (query == NULL) {
        query_reject(kind, response);
        return NULL;
    }
    offers->free = query->next;
    response->deferred = true;
    *query = (struct query){.kind = kind,
                            .conn = response->conn,
                            .since = response->since,
                            .number = offers->listed_max};
    query->end_ms = clock_milliseconds() + offers->timeout_ms;
    return query;
}

static void append(struct offers *offers, struct query *query)
{
    if (offers->first == NULL)
        offers->first = query;
    else
        offers->last->next = query;
    offers->last = query;
    send_waiting(offers);
}

void offers_submit(struct offers *offers, const struct event *event,
                   const char *key, struct http_response *response)
{
    struct query *query = defer(offers, QUERY_OFFER, response);
    if (query == NULL)
        return;
    query->event = *event;
    snprintf(query->key, sizeof query->key, "%s", key);
    append(offers, query);
}

void offers_look_up(struct offers *offers, const char *user,
                    struct http_response *response)
{
    struct query *query = defer(
        offers, user[0] == '\0' ? QUERY_BALANCES : QUERY_BALANCE, response);
    if (query == NULL)
        return;
    snprintf(query->event.user, sizeof query->event.user, "%s", user);
    append(offers, query);
}
