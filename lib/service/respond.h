#ifndef THAW_LIB_SERVICE_RESPOND_H
#define THAW_LIB_SERVICE_RESPOND_H

// respond.h - the responses that the servers have in common
//
// Each function fills in a response, and does nothing else. The bodies are the
// servers' contract with their clients: `reason` is for programs and never
// changes, `detail` is for people.

#include "lib/http/http_response.h"

struct json_t;

// 200 and the body of the request, unchanged.
void respond_echo(struct http_response *response,
                  const struct http_request *request);

// 202 {"status":"accepted"}
void respond_accepted(struct http_response *response);

// 503 {"status":"rejected","reason":"server_busy"}, and when to try again.
void respond_busy(struct http_response *response);

// 400 {"status":"error","reason":"invalid_json","detail":"..."}
void respond_invalid(struct http_response *response, const char *detail);

// 200 {"status":"ok"}
void respond_health(struct http_response *response);

// 200 and the metrics, in Prometheus' text format.
void respond_metrics(struct http_response *response);

// {"status":"error","reason":"...","detail":"..."}, where the status gives the
// reason. A NULL detail is left out.
void respond_error(struct http_response *response, enum http_status status,
                   const char *detail);

// The response to a request that http_parse_request rejected: its detail is
// "byte 17: ...", counted from 1.
void respond_rejected(struct http_response *response,
                      const struct http_request *request);

// For other responses. The first responds with the JSON value, which it takes
// over; NULL means that there was no memory for it. The second responds with
// what was written into response->text. Both respond with a 500 where memory
// ran out.
void respond_json(struct http_response *response, enum http_status status,
                  struct json_t *json);
void respond_text(struct http_response *response, enum http_status status);

#endif
