#ifndef THAW_LIB_SERVICE_OBSERVE_H
#define THAW_LIB_SERVICE_OBSERVE_H

// observe.h - what can be seen of the clients: metrics, the trace, and lines
//
//     client 7 connected
//     client 7: POST / hello -> 200
//     client 7 disconnected
//
// * The lines are for servers without work, and need observe_print. The others
//   print a line for each event instead (report.h).
// * No client waits for the terminal: a line that it does not take at once is
//   left out, and counted.
// * Only one thread, that of the loop, may call these functions.

#include "lib/base/options.h"
#include "lib/base/trace.h"
#include "lib/http/http_response.h"
#include "lib/service/durations.h"
#include "lib/service/metrics.h"

extern bool observe_prints;

// Prints lines from now on, unless options->quiet.
void observe_print(const struct options *options);

void observe_connected(int client); // the client's socket

// Before it is closed.
void observe_disconnected(int client);

// For observe_response alone. The request of a deferred response is NULL.
void observe_print_response(int client, const struct http_request *request,
                            const struct http_response *response);

// The response is made. Without lines, this costs one branch.
static inline void observe_response(int client,
                                    const struct http_request *request,
                                    const struct http_response *response)
{
    trace_instant("response", client);
    metrics_count_request(response->status);
    durations_end(DURATION_REQUEST, response->since);
    if (observe_prints)
        observe_print_response(client, request, response);
}

#endif
