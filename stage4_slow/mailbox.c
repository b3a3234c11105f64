#include "stage4_slow/mailbox.h"
#include "lib/base/net.h"
#include "stage2_async/conn.h"

#include <stdlib.h>
#include <unistd.h>

// Only a mail for an empty mailbox writes a byte, so the pipe holds at most one
// and is never full. Because the mutex is held during the write, there is a
// byte in the pipe exactly while there is a mail in the list.
void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&mailbox->mutex);
    bool was_empty = mailbox->first == NULL;
    if (was_empty)
        mailbox->first = mail;
    else
        mailbox->last->next = mail;
    mailbox->last = mail;
    if (was_empty)
        while (write(mailbox->pipe[1], "!", 1) < 0 && net_would_block())
            ;
    pthread_mutex_unlock(&mailbox->mutex);
}

static struct mail *take_all(struct mailbox *mailbox)
{
    char byte;
    pthread_mutex_lock(&mailbox->mutex);
    struct mail *first = mailbox->first;
    if (first != NULL)
        while (read(mailbox->pipe[0], &byte, 1) < 0 && net_would_block())
            ;
    mailbox->first = NULL;
    pthread_mutex_unlock(&mailbox->mutex);
    return first;
}

static short on_mail(void *context, short revents)
{
    (void)revents;
    struct mail *mail = take_all(context);
    while (mail != NULL) {
        struct mail *next = mail->next;
        conn_complete(mail->conn, &mail->response);
        buffer_destroy(&mail->response.text);
        free(mail);
        mail = next;
    }
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
