#ifndef THAW_LAB_SERVERS_SOCKET_TABLE_H
#define THAW_LAB_SERVERS_SOCKET_TABLE_H

// socket_table.h - Linux' tables of the TCP sockets
//
//     listener   0100007F:1F90  0A  rx_queue 5     5 wait in the backlog
//     client     0100007F:1F90  01  inode 31337    the server has accepted it
//
// /proc/net/tcp and tcp6 have a line for each socket, and list what listens
// first (proc_pid_net(5)).

#include "lib/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

// A socket that listens.
struct listener {
    uint32_t address[4]; // in network byte order; IPv4 has the first word alone
    unsigned long inode;
    int backlog; // connections that wait to be accepted
};

// A connection that a server has accepted.
struct accepted {
    int port;
    unsigned long inode; // of the server's socket; each has its own
};

typedef void socket_table_found(int port, const struct listener *listener,
                                void *context);

// Calls found() with each socket that listens, on any port. The family is
// AF_INET or AF_INET6. False: this system has no table.
bool socket_table_listeners(int family, socket_table_found *found,
                            void *context);

// Adds a struct accepted for each connection that a process holds. While Linux
// prints the table, connections come and go, and it may print one twice.
void socket_table_accepted(int family, struct buffer *accepted);

#endif
