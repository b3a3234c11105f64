#ifndef THAW_LIB_SERVICE_ADMISSION_H
#define THAW_LIB_SERVICE_ADMISSION_H

// admission.h - what becomes of an event when it arrives
//
//                 +--> accepted   202
//     POST / -----+--> rejected   503: load shedding, the server is busy
//                 +--> invalid    400: the body is not an event
//
// Each function counts the event (metrics.h) and fills in the response. Any
// thread may call it; only the loop's may call admission_reject (respond_busy).

#include "lib/event/event.h"
#include "lib/http/http_response.h"

void admission_accept(struct http_response *response);
void admission_reject(struct http_response *response);

// When the server has no memory to decode the body, this counts nothing, and
// responds with a 500.
void admission_invalid(struct http_response *response,
                       const struct event_fault *fault);

#endif
