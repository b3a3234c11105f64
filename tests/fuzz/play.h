#ifndef THAW_TESTS_FUZZ_PLAY_H
#define THAW_TESTS_FUZZ_PLAY_H

// play.h - a client, its connection, and the responses that it must get
//
//     script --> client <==> conn --> handler
//
// * The handler numbers its responses in the order of the requests, in a field
//   of their own. So a response that is lost, doubled or out of order is seen.
// * The response to /deferred... is deferred; /large... is more than the socket
//   holds; everything else is echoed.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"

#include <stdbool.h>
#include <stdint.h>

enum { PLAY_REQUESTS_MAX = 256 };

struct play {
    struct client *client; // NULL once it left
    struct conn *deferred; // waits for its deferred response, or NULL
    int handled;           // requests that the handler saw
    bool is_head[PLAY_REQUESTS_MAX];
    struct buffer sent;     // by the client
    struct buffer received; // by the client, once it left
    bool shut_down;         // the client's side
    bool left_early;        // it did not wait for its responses
    bool was_closed;        // by the server, before the client left
    int64_t sent_before;    // by the server, as the metrics count it, in bytes
    bool was_disturbed;     // by time, or by the server's stop
};

void play_start(struct play *play, const struct http_limits *limits);

void play_send(struct play *play, struct slice bytes);
void play_iteration(void);
void play_read(struct play *play, size_t max);
void play_shut_down(struct play *play);
void play_leave(struct play *play);
void play_complete(struct play *play);
void play_pass_time(struct play *play, int seconds);
void play_stop_server(struct play *play);

// Completes and reads every response, until nothing happens any more. Then the
// client leaves, and the connection must be gone.
void play_finish(struct play *play);
void play_destroy(struct play *play);

#endif
