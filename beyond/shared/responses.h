#ifndef THAW_BEYOND_SHARED_RESPONSES_H
#define THAW_BEYOND_SHARED_RESPONSES_H

// responses.h - what a front end says of the database
//
// Each function fills in a response, as those of respond.h do.

#include "lib/http/http_response.h"

#include <libpq-fe.h>

// 503 {"status":"error","reason":"database_unavailable"} with Retry-After:
// nothing was stored.
void responses_unavailable(struct http_response *response);

// 504 {"status":"error","reason":"outcome_unknown","detail":"..."}: what to do
// depends on whether it had a key.
void responses_unknown(struct http_response *response, bool has_key);

// The result of `offer`: 202, 503 server_busy or 422, and counts the event.
// False: the offer must be sent again.
bool responses_offer(struct http_response *response, const PGresult *result);

// The result of `balance` for this user, or of `balances`.
void responses_balance(struct http_response *response, const PGresult *result,
                       const char *user);
void responses_balances(struct http_response *response, const PGresult *result,
                        int64_t listed_max);

#endif
