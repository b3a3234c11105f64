#include "beyond/durable/storage_private.h"
#include "lib/service/admission.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"

#include <jansson.h>

// The response keeps its Retry-After.
static void respond_failed(struct http_response *response, const char *fault)
{
    respond_json(response, HTTP_SERVICE_UNAVAILABLE,
                 json_pack("{s:s, s:s, s:s}", "status", "rejected", "reason",
                           "storage_failed", "detail", fault));
}

static void respond_offer(const struct request *request, const char *fault,
                          struct http_response *response)
{
    switch (request->outcome) {
    case OUTCOME_FAILED:
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        respond_failed(response, fault);
        break;
    case OUTCOME_UNKNOWN:
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        respond_error(response, HTTP_GATEWAY_TIMEOUT, fault);
        break;
    case OUTCOME_ACCEPTED:
        response->fields = NULL;
        admission_accept(response);
        break;
    case OUTCOME_ACCEPTED_BEFORE:
        response->fields = NULL;
        respond_accepted(response);
        break;
    case OUTCOME_REUSED:
        response->fields = NULL;
        metrics_add(METRIC_EVENTS_INVALID, 1);
        respond_error(response, HTTP_UNPROCESSABLE_CONTENT,
                      "this Idempotency-Key came with another event");
        break;
    case OUTCOME_FULL: // as storage.c has filled it in
        metrics_add(METRIC_EVENTS_REJECTED, 1);
        break;
    }
}

// False: the database cannot be read.
static bool respond_look(struct database *database, const char *user,
                         struct http_response *response)
{
    bool found = true;
    int64_t balance = 0;
    bool is_read = user[0] == '\0'
                       ? database_write_balances(database, &response->text)
                       : database_balance(database, user, &found, &balance);
    if (!is_read)
        return false;
    response->fields = NULL;
    if (!found)
        respond_error(response, HTTP_NOT_FOUND, "no event of this user yet");
    else if (user[0] != '\0')
        respond_json(response, HTTP_OK,
                     json_pack("{s:s, s:I}", "user", user, "balance",
                               (json_int_t)balance));
    else {
        buffer_add_text(&response->text, "\n");
        respond_text(response, HTTP_OK);
    }
    return true;
}

void storage_respond(struct database *database, struct request *request,
                     const char *fault)
{
    struct http_response *response = &request->mail.response;
    if (request->is_offer) {
        respond_offer(request, fault, response);
    } else if (!respond_look(database, request->event.user, response)) {
        buffer_clear(&response->text);
        respond_failed(response, database_fault(database));
    }
}
