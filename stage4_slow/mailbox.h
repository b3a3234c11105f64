#ifndef THAW_STAGE4_SLOW_MAILBOX_H
#define THAW_STAGE4_SLOW_MAILBOX_H

// mailbox.h - answers on their way from any thread to the loop's
//
//     thread --+
//     thread --+--> [ mail, mail, mail ] --> loop --> clients
//     thread --+      + a byte in a pipe, which wakes the loop
//
// * Answers are delivered in the order in which they were posted.
// * Nothing is copied: a mail is allocated by whoever will post it. It may be
//   the first member of something larger, which is freed with it.

#include "lib/http/http_response.h"
#include "stage2_async/loop.h"

#include <pthread.h>

struct mail {
    struct mail *next;             // while it is in the mailbox
    struct conn *conn;             // whose response this is
    struct http_response response; // with its text
};

struct mailbox {
    pthread_mutex_t mutex; // guards first and last
    struct mail *first;
    struct mail *last;
    int pipe[2];
};

// Returns -1 and errno.
int mailbox_init(struct mailbox *mailbox, struct loop *loop);

// Any thread. Takes over the mail, which came from malloc. Does not wait.
void mailbox_post(struct mailbox *mailbox, struct mail *mail);

#endif
