#include "lib/service/respond.h"
#include "lib/base/buffer_json.h"
#include "lib/base/clock.h"
#include "lib/service/durations.h"
#include "lib/service/metrics.h"
#include "lib/service/process_metrics.h"

#include <stdio.h>

static void respond(struct http_response *response, enum http_status status,
                    struct slice body)
{
    response->status = status;
    response->body = body;
}

void respond_text(struct http_response *response, enum http_status status)
{
    static const struct slice no_memory =
        SLICE("{\"status\":\"error\",\"reason\":\"internal_server_error\"}\n");
    if (!response->text.failed) {
        respond(response, status, buffer_slice(&response->text));
        return;
    }
    response->content_type = NULL;
    respond(response, HTTP_INTERNAL_SERVER_ERROR, no_memory);
}

void respond_json(struct http_response *response, enum http_status status,
                  struct json_t *json)
{
    buffer_add_json(&response->text, json);
    buffer_add_text(&response->text, "\n");
    json_decref(json);
    respond_text(response, status);
}

void respond_echo(struct http_response *response,
                  const struct http_request *request)
{
    response->content_type = "application/octet-stream";
    respond(response, HTTP_OK, request->body);
}

void respond_accepted(struct http_response *response)
{
    static const struct slice body = SLICE("{\"status\":\"accepted\"}\n");
    respond(response, HTTP_ACCEPTED, body);
}

// If all clients came back after the same time, they would come together, and
// most would be rejected again: so the times are random (jitter;
// aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter). HTTP has
// whole seconds (RFC 9110, 10.2.3). The generator, which needs no system call,
// is xorshift: Marsaglia, "Xorshift RNGs", 2003.
static const char *retry_after(void)
{
    static const char *const fields[RESPOND_RETRY_MAX] = {
        "Retry-After: 1\r\n", "Retry-After: 2\r\n", "Retry-After: 3\r\n",
        "Retry-After: 4\r\n"};
    static uint32_t state;
    if (state == 0)
        state = (uint32_t)clock_nanoseconds() | 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return fields[state % RESPOND_RETRY_MAX];
}

void respond_busy(struct http_response *response)
{
    static const struct slice body =
        SLICE("{\"status\":\"rejected\",\"reason\":\"server_busy\"}\n");
    response->fields = retry_after();
    respond(response, HTTP_SERVICE_UNAVAILABLE, body);
}

void respond_invalid(struct http_response *response, const char *reason,
                     const char *detail)
{
    respond_json(response, HTTP_BAD_REQUEST,
                 json_pack("{s:s, s:s, s:s}", "status", "error", "reason",
                           reason, "detail", detail));
}

void respond_health(struct http_response *response)
{
    static const struct slice body = SLICE("{\"status\":\"ok\"}\n");
    respond(response, HTTP_OK, body);
}

void respond_metrics(struct http_response *response)
{
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&response->text);
    durations_write(&response->text);
    process_metrics_write(&response->text);
    respond_text(response, HTTP_OK);
}

void respond_error(struct http_response *response, enum http_status status,
                   const char *detail)
{
    respond_json(response, status,
                 json_pack("{s:s, s:s, s:s*}", "status", "error", "reason",
                           http_status_reason(status), "detail", detail));
}

// The parser's offset counts from 0, as in C; "byte N" counts from 1.
void respond_rejected(struct http_response *response,
                      const struct http_request *request)
{
    char detail[160];
    snprintf(detail, sizeof detail, "byte %zu: %s", request->fault_offset + 1,
             request->detail);
    respond_error(response, request->status, detail);
}
