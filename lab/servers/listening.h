#ifndef THAW_LAB_SERVERS_LISTENING_H
#define THAW_LAB_SERVERS_LISTENING_H

// listening.h - which TCP ports listen; Linux says it
//
//     listening_by_netlink --> the sockets that listen        microseconds
//     listening_by_proc    --> the table of all connections   milliseconds
//
// * No connection is needed to see it. A server would count one, trace it, and
//   take it for a client that left.
// * In /proc the kernel searches the places for all connections, some 100,000,
//   whether they are in use or not. But it is there when netlink is not.

#include "lab/servers/socket_table.h"

enum listening {
    LISTENING,
    LISTENING_NOT,
    LISTENING_UNKNOWN, // the system does not say
};

// The family is AF_INET or AF_INET6; the address of the socket may be any.
enum listening listening_by_netlink(int family, int port);
enum listening listening_by_proc(int family, int port);

// The first of them that knows.
enum listening listening_on(int family, int port);

typedef void listening_found(const struct listener *listener, void *context);

// Calls found() with each socket that listens on the port, by netlink. False:
// netlink does not say, and what was found is not all.
bool listening_sockets(int family, int port, listening_found *found,
                       void *context);

#endif
