// check_loop.c - the loop runs until nothing is left

#include "exercises/4_mailbox/mailbox_check.h"
#include "lib/base/net.h"

#include <stdlib.h>
#include <unistd.h>

enum { ITERATIONS_MAX = 200 * 1000 }; // of a loop that finds no end

struct mailbox mailbox;
const char *if_asleep;

static struct loop loop;
static int posted[2];  // a pipe: readable when all is posted
static int iterations; // of the loop since then

// Has the mailbox's pipe a byte? No other descriptor is registered but ours.
static bool pipe_has_a_byte(void)
{
    struct pollfd polled[64];
    int count = 0;
    for (int i = 0; i < loop.end && count < 64; i++)
        if (i != posted[0] && loop.interest[i].fd == i)
            polled[count++] = (struct pollfd){.fd = i, .events = POLLIN};
    return poll(polled, (nfds_t)count, 0) > 0;
}

// All is posted. This descriptor stays readable, so the loop comes here in each
// iteration.
static short on_posted(void *context, short revents)
{
    (void)context;
    if ((revents & POLLIN) != 0 &&
        (!pipe_has_a_byte() || ++iterations == ITERATIONS_MAX))
        loop_stop(&loop);
    return POLLIN;
}

void open_mailbox(void)
{
    loop_thread = pthread_self();
    loop_init(&loop);
    bool is_ready = mailbox_init(&mailbox, &loop) == 0 &&
                    net_self_pipe(posted) == 0 &&
                    loop_register(&loop, posted[0], on_posted, NULL) == 0;
    check_that(is_ready, "mailbox_init returned -1", "0",
               "was mailbox_init changed? Or the system has no more "
               "descriptors: that is no fault of the mailbox");
}

void reset_counts(void)
{
    char byte;
    while (read(posted[0], &byte, 1) == 1)
        ;
    reset_mails();
    iterations = 0;
}

void all_is_posted(void)
{
    if (write(posted[1], "!", 1) != 1)
        abort();
}

void deliver_all(int wanted)
{
    bool has_byte = pipe_has_a_byte();
    loop_run(&loop);
    int count = delivered;
    bool is_asleep = iterations < ITERATIONS_MAX;
    check_that(
        count == wanted,
        check_text("%d response%s of %d; then the loop %s", count,
                   count == 1 ? "" : "s", wanted,
                   is_asleep ? "sleeps" : "runs again and again for nothing"),
        check_text("%d, one for each mail", wanted),
        is_asleep && if_asleep != NULL ? if_asleep
        : count == 0 && is_asleep && !has_byte
            ? "nothing wakes the loop: does mailbox_post write a byte into "
              "pipe[1]?"
        : count == 0
            ? "the byte in the pipe wakes the loop, but no response is "
              "completed: is the mail in the list? Does take_all return it, "
              "and does on_mail call conn_complete?"
        : is_asleep
            ? "mails are left in the list, or lost: one byte may stand for "
              "many mails, so take all of them. Do two threads change the "
              "list at the same time?"
            : "take_all has to return all mails, and to read the byte");
    check_that(is_asleep,
               "all responses, but the loop wakes up again and again, and "
               "finds an empty mailbox",
               "the loop sleeps when nothing is to do",
               "a byte is left in the pipe: as many are read from pipe[0] as "
               "were written to pipe[1]");
}
