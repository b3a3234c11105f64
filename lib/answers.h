#ifndef THAW_LIB_ANSWERS_H
#define THAW_LIB_ANSWERS_H

// answers.h - the JSON bodies that the servers answer with
//
// Each function fills in a response. What they say is the servers' contract
// with their clients: `reason` is for programs and never changes, `detail` is
// for people. Events that are accepted, busy or invalid are counted here.

#include "lib/http_response.h"
#include "lib/store.h"

#include <stdint.h>

// 200 and the body that came, as it came.
void answer_echo(struct http_response *response,
                 const struct http_request *request);

// 202 {"status":"accepted"}
void answer_accepted(struct http_response *response);

// 503 {"status":"rejected","reason":"server_busy"}, and when to come back.
void answer_busy(struct http_response *response);

// 400 {"status":"error","reason":"invalid_json","detail":"..."}
void answer_invalid(struct http_response *response, const char *detail);

// What became of an event: 200 {"status":"ok","balance":N}, or 409
// {"status":"error","reason":"balance_overflow"}.
void answer_result(struct http_response *response, enum store_result result,
                   int64_t balance);

// Of one user: 200 {"user":"alice","balance":100}, or 404. For an empty name,
// of all: 200 {"alice":100,"bob":-7}
void answer_balances(struct http_response *response, const struct store *store,
                     const char *user);

// 200 {"status":"ok"}
void answer_health(struct http_response *response);

// 200 and the metrics, in Prometheus' text format.
void answer_metrics(struct http_response *response);

// {"status":"error","reason":"...","detail":"..."}, where the status gives the
// reason. A NULL detail is left out.
void answer_refusal(struct http_response *response, enum http_status status,
                    const char *detail);

// The answer to a request that http_parse_request rejected: its detail is
// "byte 17: ...".
void answer_rejected(struct http_response *response,
                     const struct http_request *request);

#endif
