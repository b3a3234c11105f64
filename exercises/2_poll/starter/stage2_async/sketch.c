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

// --- build: accept_client ---
// Accepts one client (net_accept_nonblocking), and adds an entry that waits for
// POLLIN. If there is no room for it, the client is closed. If it has left
// already, net_accept_nonblocking returns -1, and nothing is added.
static void accept_client(int listener)
{
    (void)listener;
}
// --- end ---

// --- build: remove_client ---
// Closes client i, and releases its buffer (buffer_destroy). The last entry
// moves to its place, so that `polled` and `in` have no gap. What is unused in
// `in` is all zero: the next client begins with an empty buffer.
static void remove_client(int i)
{
    (void)in[i];
}
// --- end ---

// --- build: respond ---
// Sends the response: an echo (respond_echo) if the parser said DONE, otherwise
// respond_rejected. http_write_response writes it into a buffer; the connection
// does not stay open. One send takes all of it, as long as responses are small.
static void respond(int client, enum http_parse result,
                    const struct http_request *request)
{
    (void)client;
    (void)result;
    (void)request;
}
// --- end ---

// --- build: receive ---
// Receives once from client i, and appends what came to in[i]. Then it asks
// http_parse_request, with http_limits_default, and responds unless the parser
// says MORE. It never waits.
//
// True: the client is not done: nothing is here now (net_would_block), or the
// request is not complete. False: the client is done: it has its response, it
// sends no more (0), its connection is broken (-1), or there was no memory.
static bool receive(int i)
{
    (void)respond; // until it is called
    return i > 0;
}
// --- end ---

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
    // --- build: the loop ---
    // Without end: poll waits until an entry is ready, however long that takes.
    // Then each client whose revents are not 0 is received from, and removed if
    // it is done; and entry 0, if it is ready, has a client to accept. A signal
    // may interrupt poll (EINTR); any other error of it ends the loop.
    //
    // remove_client moves an entry: the loop must miss none, and meet none
    // twice.
    (void)accept_client;
    (void)receive;
    (void)remove_client;
    // --- end ---
    die_running(&options);
}
