#include "beyond/shared/query.h"
#include "beyond/shared/responses.h"
#include "beyond/shared/statements.h"
#include "lib/base/clock.h"
#include "lib/service/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int query_time_left(const struct query *query)
{
    int64_t left = query->end_ms - clock_milliseconds();
    return left > 0 ? (int)left : 0;
}

void query_send(const struct query *query, struct database *database)
{
    char number[24];
    const char *const offer[] = {query->key[0] != '\0' ? query->key : NULL,
                                 query->event.user, query->event.action,
                                 number};
    const char *const user[] = {query->event.user};
    const char *const limit[] = {number};
    int left = query_time_left(query);
    snprintf(number, sizeof number, "%" PRId64,
             query->kind == QUERY_OFFER ? query->event.amount : query->number);
    switch (query->kind) {
    case QUERY_OFFER:
        database_send(database, "offer", 4, offer, left);
        break;
    case QUERY_BALANCE:
        database_send(database, "balance", 1, user, left);
        break;
    case QUERY_BALANCES:
        database_send(database, "balances", 1, limit, left);
        break;
    case QUERY_WAITING:
        database_send(database, "waiting", 0, NULL, left);
        break;
    case QUERY_EXPIRE:
        database_send(database, "expire", 1, limit, left);
        break;
    }
}

static enum query_next respond_done(struct query *query, const PGresult *result,
                                    struct http_response *response)
{
    switch (query->kind) {
    case QUERY_OFFER:
        return responses_offer(response, result) ? QUERY_RESPONDED
                                                 : QUERY_AGAIN;
    case QUERY_BALANCE:
        responses_balance(response, result, query->event.user);
        break;
    case QUERY_BALANCES:
        responses_balances(response, result, query->number);
        break;
    case QUERY_WAITING:
    case QUERY_EXPIRE:
        query->number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        break;
    }
    return QUERY_RESPONDED;
}

// The transaction lost against another one, and nothing else is wrong with it
// (postgresql.org/docs/15/mvcc-serialization-failure-handling.html).
static bool has_lost(const PGresult *result)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return code != NULL &&
           (strcmp(code, "40001") == 0 || strcmp(code, "40P01") == 0);
}

enum query_next query_respond(struct query *query,
                              enum database_outcome outcome,
                              const PGresult *result,
                              struct http_response *response)
{
    switch (outcome) {
    case DATABASE_DONE:
        return respond_done(query, result, response);
    case DATABASE_FAILED:
        if (has_lost(result) && query_time_left(query) > 0)
            return QUERY_AGAIN;
        responses_unavailable(response);
        // Other errors may be of this server alone: it takes no writes any
        // more, or its disk is full. The next host may be better.
        return has_lost(result) ? QUERY_RESPONDED : QUERY_FAILED;
    case DATABASE_UNKNOWN:
        break;
    }
    if (query->kind == QUERY_OFFER)
        responses_unknown(response, query->key[0] != '\0');
    else
        responses_unavailable(response); // to ask changes nothing
    return QUERY_RESPONDED;
}

void query_reject(enum query_kind kind, struct http_response *response)
{
    if (kind == QUERY_OFFER)
        admission_reject(response);
    else
        respond_busy(response);
}
