#ifndef THAW_LIB_SERVICE_RESPOND_H
#define THAW_LIB_SERVICE_RESPOND_H

// respond.h - the responses that the servers have in common
//
// Each function fills in a response, and does nothing else. The bodies are the
// servers' contract with their clients (README.md): `reason` is for programs
// and never changes, `detail` is for people. JSON ends with a newline.

#include "lib/http/http_response.h"

enum { RESPOND_RETRY_MAX = 4 }; // in seconds

struct json_t;

// 200 and the body of the request, unchanged.
void respond_echo(struct http_response *response,
                  const struct http_request *request);

// 202 {"status":"accepted"}
void respond_accepted(struct http_response *response);

// 503 {"status":"rejected","reason":"server_busy"}, with a Retry-After that
// differs from response to response. Only one thread, that of the loop, may
// call it.
void respond_busy(struct http_response *response);

// 400 {"status":"error","reason":"invalid_json","detail":"..."}, or
// "invalid_event" (event.h).
void respond_invalid(struct http_response *response, const char *reason,
                     const char *detail);

// 200 {"status":"ok"}
void respond_health(struct http_response *response);

// 200 and the metrics, in Prometheus' text format.
void respond_metrics(struct http_response *response);

// {"status":"error","reason":"...","detail":"..."}: the reason of this status,
// and the detail unless it is NULL.
void respond_error(struct http_response *response, enum http_status status,
                   const char *detail);

// For a request that http_parse_request rejected. The detail is "byte 17: ...",
// which counts from 1.
void respond_rejected(struct http_response *response,
                      const struct http_request *request);

// For other responses: with a JSON value, whose reference they take and which
// may be NULL; or with the bytes in response->text. If memory ran out, the
// status is 500.
void respond_json(struct http_response *response, enum http_status status,
                  struct json_t *json);
void respond_text(struct http_response *response, enum http_status status);

#endif
