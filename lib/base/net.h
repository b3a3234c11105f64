#ifndef THAW_LIB_BASE_NET_H
#define THAW_LIB_BASE_NET_H

// net.h - listening sockets and their clients
//
// All functions return -1 and set errno where the operating system fails.

#include "lib/base/slice.h"

#include <stdbool.h>

enum { NET_URL_SIZE = 80 }; // in bytes, with the NUL

// A socket that listens on a numeric IPv4 or IPv6 address; port 0 takes any
// free one. Connections wait in its backlog until somebody accepts them.
int net_listen(const char *address, int port);

// Where it listens: "http://127.0.0.1:8080"
int net_url(int listener, char url[NET_URL_SIZE]);

// For a non-blocking listener: takes the next client from the backlog. The
// socket does not block, is closed on exec and sends small responses at once.
int net_accept_nonblocking(int listener);

// For a blocking listener: waits for the next client, whatever happens to those
// before. Without a free descriptor it tries again ten times a second.
int net_wait_for_client(int listener);

// For blocking sockets. Sends everything; false: the client left.
bool net_send_all(int client, struct slice bytes);

// For blocking sockets. From now on recv and send fail with EAGAIN when the
// client did nothing for so long. 0: they wait for ever.
int net_limit_silence(int client, int milliseconds);

// Whether something came that was not received yet.
bool net_has_more(int client);

// Shuts down our side, and throws away what the client still sends, until it
// shuts down its own or a second is over. Closing at once, with bytes unread,
// resets the connection and destroys the last answer (RFC 9112, 9.6).
void net_linger(int client);

int net_set_nonblocking(int descriptor);
int net_set_close_on_exec(int descriptor);

// A pipe whose ends don't block and are closed on exec. Writing a byte wakes
// whoever polls ends[0].
int net_self_pipe(int ends[2]);

// Whether errno, after a failed accept, names something that comes back when
// other connections close. Any other error is about one client, which has left.
bool net_is_out_of_resources(void);

// Whether errno, after a failed call on a non-blocking descriptor, only says
// that it is not ready.
bool net_would_block(void);

#endif
