#ifndef THAW_LAB_SERVERS_PORT_H
#define THAW_LAB_SERVERS_PORT_H

// port.h - a free port of 127.0.0.1 for a server that is about to start
//
// The server binds it, and not the lab. Between the two, another lab could
// choose the same port. So a lab holds the UDP port of this number until its
// server has ended: UDP and TCP have ports of their own.

#include <stdbool.h>

// Returns a port and sets *reservation, a descriptor to close in the end; -1
// and notes the trouble.
int port_reserve(int *reservation);

// Whether a server could bind it now, even one that does not set SO_REUSEADDR.
bool port_is_free(int port);

// Whether a server listens there for clients of 127.0.0.1.
bool port_is_listening(int port);

#endif
