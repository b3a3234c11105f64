#ifndef THAW_STAGE2_ASYNC_SERVER_H
#define THAW_STAGE2_ASYNC_SERVER_H

// server.h - a loop, a listening socket, and the connections it accepted
//
//     backlog --> accept --> conns --> handler
//
// Without a free descriptor, accepting pauses until a connection closes. New
// clients wait in the backlog, and the loop does not spin.

#include "lib/base/options.h"
#include "stage2_async/conn.h"
#include "stage2_async/loop.h"

struct server {
    struct loop loop;
    struct conns conns;
    const char *program;
    const char *backend; // of the loop
    int listener;
    bool stopping;
    int accepts_left; // when it is stopping
};

// Sets the defaults of time-outs, limits and backend, and adds their options.
void server_add_options(struct server *server, struct options *options);

// Listens, and catches SIGINT and SIGTERM. Accepts no client yet. Returns -1
// and errno.
int server_init(struct server *server, const struct options *options,
                http_handler *handle);

// Serves until a signal comes and all connections have ended. Returns -1 and
// errno when the loop failed.
int server_run(struct server *server);

#endif
