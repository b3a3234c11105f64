// stage3_parse - the bytes become an event, or a clear rejection
//
// Method and path choose a request's route. A body that is not an event is
// rejected, and the response says what is wrong. The loop is that of stage 2.

#include "lib/base/die.h"
#include "lib/event/event.h"
#include "lib/service/admission.h"
#include "lib/service/observe.h"
#include "lib/service/report.h"
#include "lib/service/respond.h"
#include "lib/service/route.h"
#include "stage2_async/server.h"

static struct server server;

static void submit(const struct event *event, struct http_response *response)
{
    (void)event; // nothing is done with a valid event
    admission_accept(response);
}

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    struct event event;
    struct event_fault fault;
    switch (route_find(request, response, event.user)) {
    case ROUTE_EVENT:
        if (event_decode(request->body, &event, &fault))
            submit(&event, response);
        else
            admission_invalid(response, &fault);
        break;
    case ROUTE_BALANCES:
        respond_error(response, HTTP_NOT_FOUND,
                      "this server keeps no balances");
        break;
    case ROUTE_RESPONDED:
        break;
    }
}

int main(int argc, char **argv)
{
    struct options options;
    options_init(&options, "stage3_parse", "an event, or a clear rejection");
    server_add_options(&server, &options);
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    if (server_init(&server, &options, handle) < 0)
        die_starting(&options);
    report_listening(&options, server.listener);
    observe_print(&options);
    if (server_run(&server) < 0)
        die_running(&options);
    report_tally(options.program);
    return 0;
}
