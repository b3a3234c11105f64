#include "stage2_async/server.h"
#include "lib/base/net.h"
#include "lib/base/trace.h"
#include "lib/service/report.h"
#include "stage2_async/signals.h"

#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE_MS = 1000 };  // then it tries again to accept
enum { ACCEPT_MAX = 256 }; // in one iteration: then accepted clients are served

// Not every system has each of them.
static bool is_backend(const char *name)
{
    struct loop loop;
    loop_init(&loop);
    bool is_there = loop_use_backend(&loop, name) == 0;
    loop_destroy(&loop);
    return is_there;
}

static void add_timeout(struct options *options, const char *name,
                        int *timeout_ms, int default_ms, const char *help)
{
    *timeout_ms = default_ms;
    options_add_setting(options, name, timeout_ms, 1, 24 * 3600 * 1000, help);
}

void server_add_options(struct server *server, struct options *options)
{
    struct conns *conns = &server->conns;
    int *ms = conns->timeouts_ms;
    ms[CONN_RESPONDING] = ms[CONN_DEFERRED] = ms[CONN_CLOSED] = -1; // never
    add_timeout(options, "--idle-timeout-ms", &ms[CONN_IDLE], 60000,
                "while no request has begun");
    add_timeout(options, "--header-timeout-ms", &ms[CONN_HEADER], 10000,
                "for a whole header section, from its first byte");
    add_timeout(options, "--body-timeout-ms", &ms[CONN_BODY], 30000,
                "for a whole body, from the end of the header section");
    add_timeout(options, "--send-timeout-ms", &ms[CONN_SENDING], 10000,
                "for a client that takes nothing");
    add_timeout(options, "--linger-timeout-ms", &ms[CONN_LINGERING], 1000,
                "for reading on after the final response");
    add_timeout(options, "--shutdown-timeout-ms", &conns->shutdown_ms, 2000,
                "for an incomplete request, when the server stops");
    http_limits_add_options(&conns->limits, options);
    server->backend = "poll";
    options_add_text(options, "--backend", "NAME", &server->backend,
                     "wait in poll, or on Linux epoll");
    options->rows[options->count - 1].accepts = is_backend;
    options->rows[options->count - 1].expected = "poll, or on Linux epoll";
}

// Accepts at most *max of the waiting clients, and counts *max down. Returns -1
// when resources ran out before.
static int accept_clients(struct server *server, int *max)
{
    for (; *max > 0; --*max) {
        int client = net_accept_nonblocking(server->listener);
        if (client >= 0)
            conn_open(&server->conns, client);
        else if (net_is_out_of_resources())
            return -1;
        else if (net_would_block())
            return 0;
    }
    return 0;
}

static short stop_accepting(struct server *server)
{
    close(server->listener);
    server->conns.paused_listener = -1;
    if (server->conns.count == 0)
        loop_stop(&server->loop);
    return LOOP_REMOVE;
}

static short on_client(void *context, short revents)
{
    (void)revents;
    struct server *server = context;
    int max = ACCEPT_MAX;
    int result =
        accept_clients(server, server->stopping ? &server->accepts_left : &max);
    if (server->stopping && !server->conns.stopping)
        report_stopping(server->program, conns_stop(&server->conns));
    // Clients that were in the backlog when the signal came are still served.
    // Without descriptors that takes until others have closed theirs.
    if (server->stopping && (result == 0 || server->conns.count == 0))
        return stop_accepting(server);
    server->conns.paused_listener = result == 0 ? -1 : server->listener;
    if (result == 0)
        return POLLIN;
    loop_set_deadline(&server->loop, server->listener, PAUSE_MS);
    return 0;
}

static void on_stop(void *context)
{
    struct server *server = context;
    server->stopping = true;
    loop_wake(&server->loop, server->listener);
}

int server_init(struct server *server, const struct options *options,
                http_handler *handle)
{
    loop_init(&server->loop);
    // As soon as the port is open, a signal may come.
    if (loop_use_backend(&server->loop, server->backend) < 0 ||
        signals_init(&server->loop, options->program, on_stop, server) < 0)
        return -1;
    conns_init(&server->conns, &server->loop, handle);
    server->program = options->program;
    server->accepts_left = SOMAXCONN;
    server->listener = net_listen(options->bind, options->port);
    if (server->listener < 0 || net_set_nonblocking(server->listener) < 0)
        return -1;
    return trace_open(options->trace, options->program);
}

int server_run(struct server *server)
{
    if (loop_register(&server->loop, server->listener, on_client, server) < 0 ||
        loop_run(&server->loop) < 0)
        return -1;
    conns_destroy(&server->conns);
    loop_destroy(&server->loop);
    return 0;
}
