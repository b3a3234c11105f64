#include "lib/answers.h"
#include "lib/json.h"
#include "lib/metrics.h"

#include <inttypes.h>
#include <stdio.h>

static void answer(struct http_response *response, enum http_status status,
                   struct slice body)
{
    response->status = status;
    response->body = body;
}

// Answers with what was written into response->text, or with a 500 when there
// was no memory for it.
static void answer_text(struct http_response *response, enum http_status status)
{
    static const struct slice no_memory =
        SLICE("{\"status\":\"error\",\"reason\":\"internal_server_error\"}");
    if (!response->text.failed) {
        answer(response, status, buffer_slice(&response->text));
        return;
    }
    response->content_type = NULL;
    answer(response, HTTP_INTERNAL_SERVER_ERROR, no_memory);
}

// Takes over `json`; NULL means that there was no memory for it.
static void answer_json(struct http_response *response, enum http_status status,
                        json_t *json)
{
    json_write(json, &response->text);
    json_decref(json);
    answer_text(response, status);
}

void answer_echo(struct http_response *response,
                 const struct http_request *request)
{
    response->content_type = "application/octet-stream";
    answer(response, HTTP_OK, request->body);
}

void answer_accepted(struct http_response *response)
{
    static const struct slice body = SLICE("{\"status\":\"accepted\"}");
    metrics_add(METRIC_EVENTS_ACCEPTED, 1);
    answer(response, HTTP_ACCEPTED, body);
}

void answer_busy(struct http_response *response)
{
    static const struct slice body =
        SLICE("{\"status\":\"rejected\",\"reason\":\"server_busy\"}");
    metrics_add(METRIC_EVENTS_REJECTED, 1);
    response->fields = "Retry-After: 1\r\n"; // in seconds (RFC 9110, 10.2.3)
    answer(response, HTTP_SERVICE_UNAVAILABLE, body);
}

void answer_invalid(struct http_response *response, const char *detail)
{
    metrics_add(METRIC_EVENTS_INVALID, 1);
    answer_json(response, HTTP_BAD_REQUEST,
                json_pack("{s:s, s:s, s:s}", "status", "error", "reason",
                          "invalid_json", "detail", detail));
}

// The balance has changed. A 500 for want of memory would invite the client to
// try again, and to be counted twice.
static void answer_added(struct http_response *response, int64_t balance)
{
    int length =
        snprintf(response->room, sizeof response->room,
                 "{\"status\":\"ok\",\"balance\":%" PRId64 "}", balance);
    answer(response, HTTP_OK, (struct slice){response->room, (size_t)length});
}

void answer_result(struct http_response *response, enum store_result result,
                   int64_t balance)
{
    switch (result) {
    case STORE_ADDED:
        answer_added(response, balance);
        break;
    case STORE_OVERFLOW:
        answer_refusal(response, HTTP_CONFLICT, NULL);
        break;
    case STORE_NO_MEMORY:
        answer_refusal(response, HTTP_INTERNAL_SERVER_ERROR, NULL);
        break;
    }
}

void answer_balances(struct http_response *response, const struct store *store,
                     const char *user)
{
    int64_t balance;
    if (user[0] == '\0') {
        store_write(store, &response->text);
        answer_text(response, HTTP_OK);
    } else if (store_get(store, user, &balance)) {
        answer_json(response, HTTP_OK,
                    json_pack("{s:s, s:I}", "user", user, "balance",
                              (json_int_t)balance));
    } else {
        answer_refusal(response, HTTP_NOT_FOUND, "no event of this user yet");
    }
}

void answer_health(struct http_response *response)
{
    static const struct slice body = SLICE("{\"status\":\"ok\"}");
    answer(response, HTTP_OK, body);
}

void answer_metrics(struct http_response *response)
{
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&response->text);
    answer_text(response, HTTP_OK);
}

void answer_refusal(struct http_response *response, enum http_status status,
                    const char *detail)
{
    answer_json(response, status,
                json_pack("{s:s, s:s, s:s*}", "status", "error", "reason",
                          http_status_reason(status), "detail", detail));
}

void answer_rejected(struct http_response *response,
                     const struct http_request *request)
{
    char detail[160];
    snprintf(detail, sizeof detail, "byte %zu: %s", request->fault_offset,
             request->detail);
    answer_refusal(response, request->status, detail);
}
