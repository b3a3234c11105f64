#ifndef THAW_STAGE4_SLOW_MAILBOX_H
#define THAW_STAGE4_SLOW_MAILBOX_H

// mailbox.h - deferred responses on their way from any thread to the loop
//
//     thread --+
//     thread --+--> [ mail, mail, mail ] --> loop --> clients
//     thread --+      + a byte in a pipe, which wakes the loop
//
// * Responses are completed in the order in which they were posted.
// * Nothing is copied. A mail may be the first member of something larger,
//   which is freed with it.

#include "lib/http/http_response.h"
#include "stage2_async/loop.h"

#include <pthread.h>

struct mail {
    struct mail *next;             // while it is in the mailbox
    struct conn *conn;             // which gets this response
    struct http_response response; // with its text
};

struct mailbox {
    pthread_mutex_t mutex; // guards first and last
    struct mail *first;
    struct mail *last;
    int pipe[2]; // a self-pipe
};

// Returns -1 and sets errno.
int mailbox_init(struct mailbox *mailbox, struct loop *loop);

// Any thread. Takes over the mail, which came from malloc. Does not block.
void mailbox_post(struct mailbox *mailbox, struct mail *mail);

#endif
