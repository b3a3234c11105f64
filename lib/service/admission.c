#include "lib/service/admission.h"
#include "lib/service/metrics.h"
#include "lib/service/respond.h"

void admission_accept(struct http_response *response)
{
    metrics_add(METRIC_EVENTS_ACCEPTED, 1);
    respond_accepted(response);
}

void admission_reject(struct http_response *response)
{
    metrics_add(METRIC_EVENTS_REJECTED, 1);
    respond_busy(response);
}

void admission_invalid(struct http_response *response,
                       const struct event_fault *fault)
{
    if (fault->reason == NULL) { // it may be an event
        respond_error(response, HTTP_INTERNAL_SERVER_ERROR, fault->detail);
        return;
    }
    metrics_add(METRIC_EVENTS_INVALID, 1);
    respond_invalid(response, fault->reason, fault->detail);
}
