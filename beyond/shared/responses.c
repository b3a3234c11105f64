#include "beyond/shared/responses.h"
#include "lib/service/service.h"

#include <jansson.h>
#include <stdlib.h>

// For a Retry-After as respond_busy has it; the body is another one.
void responses_unavailable(struct http_response *response)
{
    static const struct slice body =
        SLICE("{\"status\":\"error\",\"reason\":\"database_unavailable\"}\n");
    respond_busy(response);
    response->body = body;
}

void responses_unknown(struct http_response *response, bool has_key)
{
    respond_error(response, HTTP_GATEWAY_TIMEOUT,
                  has_key ? "it may be stored: send it again with the same "
                            "Idempotency-Key"
                          : "it may be stored; without an Idempotency-Key it "
                            "may count twice if it is sent again");
}

// A repeated event was counted when it was accepted.
bool responses_offer(struct http_response *response, const PGresult *result)
{
    struct slice outcome = slice_of(PQgetvalue(result, 0, 0));
    if (slice_is(outcome, "accepted"))
        admission_accept(response);
    else if (slice_is(outcome, "repeated"))
        respond_accepted(response);
    else if (slice_is(outcome, "full"))
        admission_reject(response);
    else if (slice_is(outcome, "reused"))
        respond_error(response, HTTP_UNPROCESSABLE_CONTENT,
                      "this Idempotency-Key came with another event");
    return !slice_is(outcome, "again");
}

void responses_balance(struct http_response *response, const PGresult *result,
                       const char *user)
{
    if (PQntuples(result) == 0) {
        respond_error(response, HTTP_NOT_FOUND, "no event of this user yet");
        return;
    }
    json_int_t balance = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    respond_json(response, HTTP_OK,
                 json_pack("{s:s, s:I}", "user", user, "balance", balance));
}

void responses_balances(struct http_response *response, const PGresult *result,
                        int64_t listed_max)
{
    if (strtoll(PQgetvalue(result, 0, 0), NULL, 10) > listed_max) {
        respond_error(response, HTTP_INSUFFICIENT_STORAGE,
                      "more than --users-max: ask for /balances/NAME");
        return;
    }
    buffer_add_format(&response->text, "{%s}\n", PQgetvalue(result, 0, 1));
    respond_text(response, HTTP_OK);
}
