#include "stage2_async/server.h"
#include "lib/base/net.h"
#include "lib/base/trace.h"
#include "stage2_async/signals.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAUSE = 1000 }; // in milliseconds: descriptors are freed by others too
enum { ACCEPT_MAX = 256 }; // in one turn: those who are in get their turn too

// Not every system has each of them.
static bool is_backend(const char *text)
{
    struct loop loop;
    loop_init(&loop);
    bool is_there = loop_use_backend(&loop, text) == 0;
    loop_destroy(&loop);
    return is_there;
}

void server_add_options(struct server *server, struct options *options)
{
    enum { MAX = 24 * 60 * 60 * 1000 };
    struct conn_timeouts *timeouts = &server->conns.timeouts;
    *timeouts = (struct conn_timeouts){.idle = 60 * 1000,
                                       .head = 10 * 1000,
                                       .body = 30 * 1000,
                                       .write = 10 * 1000,
                                       .linger = 1000,
                                       .stop = 2000};
    options_add_number(options, "--idle-timeout-ms", &timeouts->idle, 1, MAX,
                       "milliseconds a connection may be idle");
    options_add_number(options, "--header-timeout-ms", &timeouts->head, 1, MAX,
                       "milliseconds for a head, from its first byte");
    options_add_number(options, "--body-timeout-ms", &timeouts->body, 1, MAX,
                       "milliseconds for a body, from its head's end");
    options_add_number(options, "--send-timeout-ms", &timeouts->write, 1, MAX,
                       "milliseconds a client may take nothing");
    options_add_number(options, "--linger-timeout-ms", &timeouts->linger, 1,
                       MAX, "milliseconds to read on after the last answer");
    options_add_number(options, "--shutdown-timeout-ms", &timeouts->stop, 1,
                       MAX, "milliseconds a half request may delay a stop");
    http_limits_add_options(&server->conns.limits, options);
    server->backend = "poll";
    options_add_text(options, "--backend", "NAME", &server->backend,
                     "wait in poll, or on Linux epoll");
    options->rows[options->count - 1].accepts = is_backend;
    options->rows[options->count - 1].expected = "poll, or on Linux epoll";
}

// Whether accept(2) failed for want of something that comes back when others
// close theirs. All else concerns one client, who is gone.
static bool is_out_of_resources(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
           errno == ENOMEM;
}

// Accepts those who wait, at most *max, and counts that down. Returns -1 when
// resources ran out before.
static int accept_clients(struct server *server, int *max)
{
    for (; *max > 0; --*max) {
        int client = net_accept_nonblocking(server->listener);
        if (client >= 0)
            conn_open(&server->conns, client);
        else if (is_out_of_resources())
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
    int in_a_turn = ACCEPT_MAX;
    int result = accept_clients(server, server->stopping ? &server->backlog
                                                         : &in_a_turn);
    if (server->stopping && !server->conns.stopping)
        conns_stop(&server->conns);
    // Whoever was in the backlog when the signal came is still served. Without
    // descriptors that takes until others have closed theirs.
    if (server->stopping && (result == 0 || server->conns.count == 0))
        return stop_accepting(server);
    if (result == 0) {
        server->conns.paused_listener = -1;
        return POLLIN;
    }
    server->conns.paused_listener = server->listener;
    loop_set_deadline(&server->loop, server->listener, PAUSE);
    return LOOP_NOTHING;
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
    if (trace_open(options->trace, options->program) < 0)
        return -1;
    loop_init(&server->loop);
    if (server->backend != NULL &&
        loop_use_backend(&server->loop, server->backend) < 0)
        return -1;
    conns_init(&server->conns, &server->loop, handle);
    server->stopping = false;
    server->backlog = SOMAXCONN;
    server->listener = net_listen(options->bind, options->port);
    if (server->listener < 0 || net_set_nonblocking(server->listener) < 0)
        return -1;
    return signals_init(&server->loop, options->program, on_stop, server);
}

int server_run(struct server *server)
{
    int result =
        loop_register(&server->loop, server->listener, on_client, server);
    if (result == 0)
        result = loop_run(&server->loop);
    if (result == 0) {
        conns_destroy(&server->conns);
        loop_destroy(&server->loop);
    }
    return result;
}
