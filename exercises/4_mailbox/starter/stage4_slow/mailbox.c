#include "stage4_slow/mailbox.h"
#include "lib/base/net.h"
#include "stage2_async/conn.h"

#include <stdlib.h>
#include <unistd.h>

// --- build: mailbox_post ---
//
// Appends the mail to the list, which has the oldest mail at `first` and the
// newest at `last`; the next pointer of the newest is NULL. An empty mailbox
// has first == NULL. Several threads call this at the same time.
//
// The loop's thread may be asleep: a byte in the pipe wakes it. write(2) puts
// it in at pipe[1]. The pipe has room for some thousand bytes only, and its
// ends do not block, so think about when a byte is necessary.
void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    (void)mailbox, (void)mail; // it gets lost, and its client waits for ever
}
// --- end ---

// --- build: take_all ---
//
// Empties the list and returns its first mail; NULL: there is none. Also reads
// what is in the pipe, at pipe[0]: as long as a byte is there, the loop calls
// on_mail again and again.
static struct mail *take_all(struct mailbox *mailbox)
{
    (void)mailbox;
    return NULL;
}
// --- end ---

static short on_mail(void *context, short revents)
{
    (void)revents;
    // --- build: on_mail ---
    //
    // The loop calls this, on its own thread, when a byte is in the pipe. For
    // each mail, in order: conn_complete sends its response. Afterwards, the
    // memory of response.text (buffer_destroy) and the mail are released.
    //
    // conn_complete may begin with the client's next request, and that may post
    // another mail before conn_complete returns.
    struct mail *mail = take_all(context);
    (void)mail;
    // --- end ---
    return POLLIN;
}

int mailbox_init(struct mailbox *mailbox, struct loop *loop)
{
    mailbox->first = NULL;
    if (net_self_pipe(mailbox->pipe) < 0)
        return -1;
    pthread_mutex_init(&mailbox->mutex, NULL);
    return loop_register(loop, mailbox->pipe[0], on_mail, mailbox);
}
