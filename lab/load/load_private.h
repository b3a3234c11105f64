#ifndef THAW_LAB_LOAD_LOAD_PRIVATE_H
#define THAW_LAB_LOAD_LOAD_PRIVATE_H

// load_private.h - what the files of a load share: the run, and its clients

#include "lab/load/load.h"
#include "lab/load/load_response.h"
#include "lib/base/buffer.h"

#include <poll.h>

enum { USERS_MAX = 64 };

struct load_client {
    int socket;      // -1: not connected
    int user;        // of the last event it sent
    bool is_waiting; // for a response
    int64_t sent_at; // the first try, in nanoseconds
    int tries;
    int64_t again_at; // when the next try is due, in nanoseconds; 0: none is
    struct load_response response;
};

extern struct load_run {
    const struct load_options *options;
    struct load_client *clients;
    struct pollfd *polled;
    struct load_result result;
    struct buffer requests[USERS_MAX];
    int64_t started, ends; // in nanoseconds
    int64_t moved;         // when a byte last came, in nanoseconds
    bool backlog_is_full;  // of the server; the last connect(2) waited in vain
    uint64_t random;
} load_run;

bool load_client_connect(struct load_client *client);
void load_client_disconnect(struct load_client *client);

// Sends the next request, which was due at that moment. A failure counts as an
// error, and the client opens a new connection the next time.
void load_client_send(struct load_client *client, int64_t moment);

// The same with the request that was rejected.
void load_client_send_again(struct load_client *client);

// Its socket is ready.
void load_client_receive(struct load_client *client);

void load_client_count_error(void);

// Its request is not sent again.
void load_client_give_up(struct load_client *client);

#endif
