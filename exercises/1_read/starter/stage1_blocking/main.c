// stage1_blocking - accept, read, respond, close: one client after the other
//
// The response has the same body as the request. There is one thread, and it
// blocks until its client has sent the request. So all other clients wait, too.

#include "lib/base/die.h"
#include "lib/base/net.h"
#include "lib/base/options.h"
#include "lib/base/trace.h"
#include "lib/service/observe.h"
#include "lib/service/report.h"
#include "lib/service/respond.h"

#include <sys/socket.h>
#include <unistd.h>

static struct options options;
static struct http_limits limits;
static int timeout_ms = 0; // 0: wait for ever

static void handle(const struct http_request *request,
                   struct http_response *response)
{
    respond_echo(response, request);
}

// --- build: receive ---
// Receives once, as soon as the client has sent something. That may be never.
//
// It appends what came to `in`, and returns how many bytes that was. 0: the
// client sends no more. -1: the connection is broken, or the client was silent
// for too long (--timeout-ms), or there was no memory (in->failed). After a
// signal (EINTR) it calls recv again.
static ssize_t receive(int client, struct buffer *in)
{
    (void)client;
    (void)in;
    return 0;
}
// --- end ---

// --- build: read_request ---
// Receives, and asks http_parse_request after each piece, as long as it says
// MORE. Returns
//
// * DONE: `in` has a complete request. It never receives after that.
// * REJECTED: the parser says so. Or the client has begun a request
//   (http_has_begun) and does not complete it; then request->status and
//   request->detail say why: 400 if it sends no more, 408 if it is silent for
//   too long or the connection is broken, 500 if there is no memory.
// * MORE: the client sent nothing of a request, and sends no more.
//
// Some clients send the body only when they are told to: after MORE,
// request->wants_continue says so. Such a client gets http_continue (of
// lib/http/http_response.h), once.
static enum http_parse read_request(int client, struct buffer *in,
                                    struct http_request *request)
{
    struct http_progress progress = {0};
    *request = (struct http_request){0};
    (void)progress;
    receive(client, in);
    return HTTP_PARSE_MORE;
}
// --- end ---

// The response says Connection: close. While the server waited for the next
// request of this client, it would serve no other client.
static void serve(int client)
{
    struct buffer in = {0};
    struct buffer out = {0};
    struct http_request request;
    struct http_response response = {0};
    observe_connected(client);
    enum http_parse result = read_request(client, &in, &request);
    if (result == HTTP_PARSE_DONE)
        handle(&request, &response);
    if (result == HTTP_PARSE_REJECTED)
        respond_rejected(&response, &request);
    trace_instant("request", client);
    // --- build: the response ---
    // Write it into `out` with http_write_response (lib/http/http_response.h),
    // tell observe_response, which prints a line about it, and send all of it.
    // The connection does not stay open. After MORE, send nothing: there was no
    // request.
    //
    // main closes the connection then. Are there bytes that were not read? See
    // net_linger.
    // --- end ---
    buffer_destroy(&response.text);
    buffer_destroy(&out);
    buffer_destroy(&in);
}

int main(int argc, char **argv)
{
    options_init(&options, "stage1_blocking", "one client after the other");
    http_limits_add_options(&limits, &options);
    options_add_setting(&options, "--timeout-ms", &timeout_ms, 0, 3600000,
                        "milliseconds a client may be silent, 0: any");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    int listener = net_listen(options.bind, options.port);
    if (listener < 0 || trace_open(options.trace, options.program) < 0)
        die_starting(&options);
    report_listening(&options, listener);
    observe_print(&options);
    while (true) {
        int client = net_wait_for_client(listener);
        net_limit_silence(client, timeout_ms);
        serve(client);
        observe_disconnected(client);
        close(client);
    }
}
