#ifndef THAW_STAGE2_ASYNC_SERVER_H
#define THAW_STAGE2_ASYNC_SERVER_H

// server.h - a loop, a listening socket, and the connections it accepted
//
//     backlog --> accept --> conns --> handler
//
// * When descriptors run out, accepting pauses until a connection closes.
//   Clients wait in the backlog meanwhile; the loop does not spin.
// * SIGINT or SIGTERM: stop accepting, answer what is in flight, return. A
//   client that goes on taking its answer is waited for, however slow it is.
// * Everything here belongs to the thread that calls server_run.

#include "lib/base/options.h"
#include "stage2_async/conn.h"
#include "stage2_async/loop.h"

struct server {
    struct loop loop;
    struct conns conns;
    const char *backend; // for loop_use_backend; NULL: poll
    int listener;
    bool stopping;
    int backlog; // how many are accepted at most while it stops
};

// Puts the time-outs and --backend into the command line.
void server_add_options(struct server *server, struct options *options);

// Listens, and catches the signals. Prints nothing and accepts nobody yet.
// Returns -1 and errno.
int server_init(struct server *server, const struct options *options,
                http_handler *handle);

// Serves until a signal came and every client has its answer; then gives its
// memory back. Returns -1 and errno when poll(2) failed.
int server_run(struct server *server);

#endif
