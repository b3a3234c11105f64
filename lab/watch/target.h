#ifndef THAW_LAB_WATCH_TARGET_H
#define THAW_LAB_WATCH_TARGET_H

// target.h - a server that is watched, and how little it notices
//
//     /proc/net/tcp  --> backlog, connections     it notices nothing
//     GET /metrics   --> everything else          one keep-alive connection
//
// * At most one request is under way. A server that gives no response gets no
//   second one; when it responds at last, watching goes on.
// * A server that has no metrics is asked once, or not at all if it is known by
//   name (stage 1, stage 2, the sketch) or has a backlog: to ask would be one
//   more client that waits.
// * A server that starts again is another one. On Linux its listening socket
//   tells; elsewhere a connection does.

#include "lab/clients/client.h"
#include "lab/watch/sample.h"
#include "lab/watch/sockets.h"

#include <stdbool.h>
#include <stdint.h>

enum metrics_state {
    METRICS_NOT_ASKED, // or there is no response yet
    METRICS_NONE,
    METRICS_THERE
};

// Times are in nanoseconds of the clock; 0: never.
struct target {
    struct port_sockets sockets;
    struct client *client;
    char name[SAMPLE_NAME];
    enum metrics_state metrics;
    bool is_unreachable;   // the last connection was
    bool is_one_by_one;    // it has no poll set: stage 1
    bool has_poll_set;     // known by name, without metrics: stage 2
    int64_t asked_at;      // the request that is under way
    int64_t ask_again_at;  // not before that
    int64_t backlog_since; // it has not been empty since
    double response_ms;    // of the last response
    struct history history;
};

void target_init(struct target *target, int port, struct client *client);
void target_destroy(struct target *target);

// Takes over what was read about its port.
void target_look(struct target *target, const struct port_sockets *sockets,
                 int64_t now);

// Sends GET /metrics, if that does no harm now.
void target_ask(struct target *target, int64_t now);

// Takes the response, if it has come.
void target_take(struct target *target, int64_t now);

// False: nothing listens on the port.
bool target_is_there(const struct target *target);

// Connections that the server holds, without the watch's own; -1: not known.
int target_connections(const struct target *target);

#endif
