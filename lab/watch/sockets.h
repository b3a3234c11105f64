#ifndef THAW_LAB_WATCH_SOCKETS_H
#define THAW_LAB_WATCH_SOCKETS_H

// sockets.h - what Linux says about a port without asking its server
//
//     listening.h    --> what listens, and how many wait in the backlog of each
//     socket_table.h --> connections that servers have accepted
//
// A frozen server can be watched there, and loses no time. Other systems do not
// say it: there, nothing is known.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOCKETS_PORTS = 8 }; // at most so many at once

struct port_sockets {
    int port;
    bool is_known;       // this system says something about ports
    unsigned long inode; // of what listens for clients of 127.0.0.1; 0: nothing
    int backlog;         // connections that wait to be accepted
    int accepted;        // connections that the server holds; -1: not counted
    bool is_ipv6;        // it listens there, and takes IPv4, too
};

// Reads what listens on these ports, and with `counts` how many connections
// each server holds. Some of that takes long if the system has many connections
// or much memory: one part in `part` of the time at most is spent on it, so
// some numbers are older than others. 0: all are new.
void sockets_read(struct port_sockets *ports, int count, bool counts, int part);

// The name of the process that holds the socket: "stage1_blocking", at most 15
// letters. Empty: none of this user's.
void sockets_owner(unsigned long inode, char *name, size_t size);

#endif
