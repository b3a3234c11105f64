#ifndef THAW_TESTS_UNIT_CLIENTS_H
#define THAW_TESTS_UNIT_CLIENTS_H

// clients.h - clients and their connections, all in one thread
//
//     the test --> client <==> conn --> handler
//
// * A client is one end of a socket pair: bytes that are sent arrive at once.
// * The server does something only while the test runs the loop, for a number
//   of iterations or until something arrives. So a test decides which bytes
//   arrive together.

#include "stage2_async/conn_private.h"
#include "stage2_async/server.h"

// A request whose body is a literal: POST("5", "hello")
#define POST(length, body)                                                     \
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n" body

struct client {
    struct client *next;     // of all that are open
    const struct conn *conn; // the other end, while it is open too
    struct buffer received;  // so far
    int socket;
    bool ended;     // the server has closed or shut down its side,
    bool was_reset; // and bytes may be lost
};

// The loop and the connections; there is no listener.
extern struct server server;

// Time-outs are an hour each, until a test shortens them.
void clients_init(http_handler *handle);

// Closes all clients. Then all connections must close, too.
void clients_destroy(void);

// Runs so many iterations of the loop. None of them waits.
void clients_iterate(int count);

// Runs the loop for about so long.
void clients_run_for(int milliseconds);

// Its connection is registered, and has found nothing to receive.
struct client *client_open(void);

// The socket must have room for all of it.
void client_send(const struct client *client, const char *text);

// The client will send no more. It still reads.
void client_shutdown(const struct client *client);

// Bytes may be unread. Frees the client.
void client_close(struct client *client);

// Receives at most `max` bytes of those that have arrived. Returns how many.
size_t client_take(struct client *client, size_t max);

// Receives all that has arrived.
void client_receive(struct client *client);

// Runs the loop until something more arrives for the client, or its end.
void client_wait(struct client *client);
void client_wait_for_end(struct client *client);

// The size of the requests and responses that its connection holds, in bytes.
size_t client_held(const struct client *client);

// All that the client has received: "200 one, 400 {...} (final), end". The text
// is valid until the next call.
const char *client_responses(struct client *client);

#endif
