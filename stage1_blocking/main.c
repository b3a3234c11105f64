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

// Blocks until the client sends something, which may be never.
static ssize_t receive(int client, struct buffer *in)
{
    char bytes[4096];
    ssize_t received;
    do
        received = recv(client, bytes, sizeof bytes, 0);
    while (received < 0 && errno == EINTR);
    if (received > 0)
        buffer_add(in, (struct slice){bytes, (size_t)received});
    return in->failed ? -1 : received;
}

// Reads until the request is complete. MORE: the client sent none.
static enum http_parse read_request(int client, struct buffer *in,
                                    struct http_request *request)
{
    struct http_progress progress = {0};
    enum http_parse result = HTTP_PARSE_MORE;
    bool continued = false;
    *request = (struct http_request){0};
    while (result == HTTP_PARSE_MORE) {
        ssize_t received = receive(client, in);
        if (received <= 0 && !http_has_begun(buffer_slice(in)) && !in->failed)
            return HTTP_PARSE_MORE;
        if (received <= 0) {
            request->status = in->failed     ? HTTP_INTERNAL_SERVER_ERROR
                              : received < 0 ? HTTP_REQUEST_TIMEOUT
                                             : HTTP_BAD_REQUEST;
            request->detail = in->failed ? "no memory for the request"
                                         : "the request ended too early";
            request->fault_offset = in->length;
            return HTTP_PARSE_REJECTED;
        }
        result = http_parse_request(in->bytes, in->length, &limits, &progress,
                                    request);
        if (result == HTTP_PARSE_MORE && request->wants_continue && !continued)
            continued = net_send_all(client, http_continue);
    }
    return result;
}

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
    if (result != HTTP_PARSE_MORE) {
        bool is_head = slice_is(request.method, "HEAD");
        http_write_response(&out, &response, false, is_head);
        observe_response(client, &request, &response);
        if (!out.failed)
            net_send_all(client, buffer_slice(&out));
    }
    if (result == HTTP_PARSE_REJECTED || in.length > request.length ||
        net_has_more(client))
        net_linger(client);
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
