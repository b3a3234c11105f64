#ifndef THAW_LIB_BASE_NET_H
#define THAW_LIB_BASE_NET_H

// net.h - listening sockets and their clients
//
//     net_listen ---> [ backlog ] ---> net_accept_nonblocking
//                                      net_wait_for_client (blocks)
//
// A function that fails returns -1 and sets errno.

#include "lib/base/slice.h"

#include <stdbool.h>

enum { NET_URL_SIZE = 80 }; // in bytes, with the NUL

// Listens on a numeric IPv4 or IPv6 address. Port 0: any free port.
int net_listen(const char *address, int port);

int net_url(int listener, char url[NET_URL_SIZE]); // "http://127.0.0.1:8080"

// For a non-blocking listener. The client does not block, and sends at once.
int net_accept_nonblocking(int listener);

// For a blocking listener. Waits for a client, and for a free descriptor.
int net_wait_for_client(int listener);

// For blocking sockets. False: the client left, or was silent for too long.
bool net_send_all(int client, struct slice bytes);

// For blocking sockets: recv and send fail with EAGAIN when the client is
// silent for that time. 0: they wait without a limit.
int net_limit_silence(int client, int milliseconds);

bool net_has_more(int client); // are there bytes to receive now?

// Shuts down our side and discards what the client sends, for a second at most.
// Closing with unread bytes would destroy the last response (RFC 9112, 9.6).
void net_linger(int client);

int net_set_nonblocking(int descriptor);
int net_set_close_on_exec(int descriptor);

// A pipe with non-blocking ends. A byte in ends[1] makes ends[0] readable.
int net_self_pipe(int ends[2]);

// After a failed accept: does errno name something that other connections give
// back when they close? Any other error is about one client, which has left.
bool net_is_out_of_resources(void);

// After a failed call: does errno only say that the descriptor is not ready?
bool net_would_block(void);

#endif
