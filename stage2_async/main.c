// stage2_async - the same echo, and no client waits for another
//
// There is still one thread, but it waits in one place only, in poll(2), and
// there for all clients at once.

#include "lib/base/die.h"
#include "lib/service/observe.h"
#include "lib/service/report.h"
#include "lib/service/respond.h"
#include "stage2_async/server.h"

static struct server server;

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    respond_echo(response, request);
}

int main(int argc, char **argv)
{
    struct options options;
    options_init(&options, "stage2_async", "poll(2): one thread, many clients");
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
