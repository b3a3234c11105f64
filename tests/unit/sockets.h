#ifndef THAW_TESTS_UNIT_SOCKETS_H
#define THAW_TESTS_UNIT_SOCKETS_H

// sockets.h - both ends of a connection in one process
//
//     client --- connect ---> [ backlog ] --- net_wait_for_client ---> server

#include "lib/base/net.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct ends {
    int client;
    int server;
};

// Returns a blocking client, which is in the listener's backlog.
static inline int connect_to(int listener)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    ck_assert_int_eq(
        getsockname(listener, (struct sockaddr *)&address, &length), 0);
    int client = socket(address.ss_family, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, length), 0);
    return client;
}

static inline struct ends open_ends(void)
{
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_ge(listener, 0);
    struct ends ends = {.client = connect_to(listener)};
    ends.server = net_wait_for_client(listener);
    ck_assert_int_ge(ends.server, 0);
    close(listener);
    return ends;
}

static inline void close_ends(const struct ends *ends)
{
    close(ends->client);
    close(ends->server);
}

#endif
