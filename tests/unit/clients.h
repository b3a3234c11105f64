#ifndef THAW_TESTS_UNIT_CLIENTS_H
#define THAW_TESTS_UNIT_CLIENTS_H

// clients.h - clients and their connections, all in one thread
//
//     the test --> client <==> conn --> handler
//
// * A client is one end of a socket pair: what one side sent, the other has.
// * Nothing happens on the server's side but while the test runs the loop, for
//   so many turns or until something came. So a test decides what is together
//   in one segment, and what is not.

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
    bool ended;     // nothing more will come
    bool was_reset; // and that was not said politely
};

// The loop and the connections; there is no listener.
extern struct server server;

// Time-outs are an hour each, until a test shortens them.
void clients_init(http_handler *handle);

// All clients leave, and so must the connections.
void clients_destroy(void);

// Runs the loop for so many turns, none of which waits.
void clients_iterate(int count);

// Runs it for about so long.
void clients_run_for(int milliseconds);

// The connection was looked at once already, and nothing was there.
struct client *client_open(void);

// What the client sends is there at once: it must find room.
void client_send(const struct client *client, const char *text);

// The client will send no more. It still reads.
void client_shutdown(const struct client *client);

// The client leaves, whatever is unread, and is gone.
void client_close(struct client *client);

// Takes at most `max` bytes of what is there by now. Returns how many.
size_t client_take(struct client *client, size_t max);

// Takes all that is there by now.
void client_receive(struct client *client);

// Runs the loop until something more came for the client, or its end.
void client_wait(struct client *client);
void client_wait_for_end(struct client *client);

// What its connection holds of requests and answers, in bytes.
size_t client_held(const struct client *client);

// All that came for the client by now: "200 one, 400 {...} (last), end". The
// text stays until the next call.
const char *client_responses(struct client *client);

#endif
