// sketch.c - a first poll server: one thread waits for all clients
//
// It echoes as stage 1 does, but a silent client freezes no other. Read it
// before loop.c and conn.c: they are this program without its gaps. Each gap is
// marked "Missing", with the place where stage 2 fills it.

#include "lib/base/die.h"
#include "lib/base/net.h"
#include "lib/service/report.h"
#include "lib/service/respond.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 1000 }; // Missing: room for more (loop.c, make_room)

// Entry 0 is the listening socket; each of the others is a client.
static struct pollfd polled[1 + CLIENTS_MAX];
static struct buffer in[1 + CLIENTS_MAX]; // what that client has sent so far
static int count;                         // entries in use

// Missing: without a free descriptor, accept fails and poll reports the same
// client again at once, so the loop spins (server.c, on_client).
static void accept_client(int listener)
{
    int client = net_accept_nonblocking(listener);
    if (client >= 0 && count == 1 + CLIENTS_MAX)
        close(client);
    else if (client >= 0)
        polled[count++] = (struct pollfd){.fd = client, .events = POLLIN};
}

// The last entry moves to `i`. Missing: reading on before close, so that bytes
// on their way cause no reset (conn.c, discard_received).
static void remove_client(int i)
{
    close(polled[i].fd);
    buffer_destroy(&in[i]);
    count--;
    polled[i] = polled[count];
    in[i] = in[count];
    in[count] = (struct buffer){0};
}

// Missing: what the socket does not take at once is lost (conn_pending.c,
// conn_send_then).
static void respond(int client, enum http_parse result,
                    const struct http_request *request)
{
    struct http_response response = {0};
    struct buffer out = {0};
    if (result == HTTP_PARSE_DONE)
        respond_echo(&response, request);
    else
        respond_rejected(&response, request);
    http_write_response(&out, &response, false,
                        slice_is(request->method, "HEAD"));
    if (!out.failed)
        send(client, out.bytes, out.length, 0);
    buffer_destroy(&response.text);
    buffer_destroy(&out);
}

// False: the client is done. Missing: a deadline for silent clients (conn.c,
// time_out), a second request on the connection (serve_requests), Expect:
// 100-continue (await_more), and a 400 for half a request (receive).
static bool receive(int i)
{
    char bytes[4096];
    struct http_progress progress = {0};
    struct http_request request;
    ssize_t received = recv(polled[i].fd, bytes, sizeof bytes, 0);
    if (received < 0 && net_would_block())
        return true;
    if (received <= 0)
        return false;
    buffer_add(&in[i], (struct slice){bytes, (size_t)received});
    if (in[i].failed)
        return false;
    enum http_parse result = http_parse_request(
        in[i].bytes, in[i].length, &http_limits_default, &progress, &request);
    if (result == HTTP_PARSE_MORE)
        return true; // poll will tell when there is more
    respond(polled[i].fd, result, &request);
    return false;
}

// Missing: a graceful shutdown; a signal just ends it (signals.c, on_signal).
int main(int argc, char **argv)
{
    struct options options;
    options_init(&options, "stage2_sketch", "a first poll server");
    if (!options_parse(&options, argc, argv))
        return options.exit_status;
    int listener = net_listen(options.bind, options.port);
    if (listener < 0 || net_set_nonblocking(listener) < 0)
        die_starting(&options);
    report_listening(&options, listener);
    polled[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    while (poll(polled, (nfds_t)count, -1) >= 0 || errno == EINTR) {
        for (int i = count - 1; i > 0; i--) // remove_client moves the last
            if (polled[i].revents != 0 && !receive(i))
                remove_client(i);
        if (polled[0].revents != 0)
            accept_client(listener);
    }
    die_running(&options);
}
