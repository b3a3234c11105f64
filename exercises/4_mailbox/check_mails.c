// check_mails.c - mails, and where they come out

#include "exercises/4_mailbox/mailbox_check.h"
#include "stage2_async/conn.h"

#include <stdio.h>
#include <stdlib.h>

// The mailbox knows nothing of what follows the mail.
struct note {
    struct mail mail;
    int thread; // that posted it
    int number; // of that thread's notes, from 0
};

pthread_t loop_thread;
atomic_int delivered;
bool posts_another;

static int next_from[THREADS];

// The next pointer of a new mail points here. Its connection is itself, as
// that of each note.
static struct note no_mail = {.mail.conn = (void *)&no_mail, .number = -1};

// The mail's connection is the note itself, so that conn_complete finds it.
void post_mail(int thread, int number)
{
    struct note *note = malloc(sizeof *note);
    if (note == NULL)
        abort(); // the system's fault, and in a thread nothing better
    *note = (struct note){.thread = thread, .number = number};
    struct http_response *response = &note->mail.response;
    buffer_add_format(&response->text, "response %d", number);
    response->body = buffer_slice(&response->text);
    note->mail.conn = (void *)note;
    note->mail.next = &no_mail.mail;
    mailbox_post(&mailbox, &note->mail);
}

static void check_text_of(const struct note *note,
                          const struct http_response *response)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "response %d", note->number);
    check_that(response == &note->mail.response,
               "conn_complete with a response that is not the mail's",
               "conn_complete(mail->conn, &mail->response)",
               "a response must not be copied (lib/http/http_response.h): its "
               "body may point into it");
    check_that(slice_is(response->body, wanted),
               "a response whose text has changed",
               check_text("\"%s\"", wanted),
               "was its text released before conn_complete, which sends it? "
               "Or the mail?");
}

void conn_complete(struct conn *conn, const struct http_response *response)
{
    const struct note *note = (const void *)conn;
    check_that(pthread_equal(pthread_self(), loop_thread) != 0,
               "conn_complete was called on the thread that posts",
               "on the loop's thread",
               "a connection belongs to the loop's thread. mailbox_post leaves "
               "the mail in the list, and on_mail completes it");
    check_that(threads_held() == 0, "conn_complete with a mutex locked",
               "no mutex is locked while responses are completed",
               "conn_complete may begin with the client's next request, and "
               "that may post a mail: it would wait for this mutex for ever. "
               "So unlock in take_all");
    check_that(note != &no_mail, "the list goes on after the newest mail",
               "the next pointer of the newest mail is NULL",
               "what is in mail->next before? mailbox_post sets it");
    check_text_of(note, response);
    check_that(note->number == next_from[note->thread],
               check_text("response %d of a thread", note->number),
               check_text("response %d: each once, and in the order in which "
                          "it was posted",
                          next_from[note->thread]),
               note->number < next_from[note->thread]
                   ? "a mail is delivered twice, or the newest first: is the "
                     "list empty (first == NULL) after take_all?"
                   : "the newest mail is delivered first, or a mail is lost: "
                     "a new one goes after `last`");
    next_from[note->thread]++;
    delivered++;
    if (posts_another && note->number == 0)
        post_mail(0, 1);
}

void reset_mails(void)
{
    for (int i = 0; i < THREADS; i++)
        next_from[i] = 0;
    delivered = 0;
}
