// check.c - is it a mailbox? Step 4.1, and the program

#include "exercises/4_mailbox/mailbox_check.h"

enum {
    MORE_THAN_A_PIPE_HOLDS = 70 * 1000, // bytes; Linux: 64 KiB, macOS: less
};

static void step_list(void)
{
    open_mailbox();
    check_crash(
        "mail->next of a mail that was freed? Read it before free(mail)");
    check_doing("mailbox_post or take_all waits: does each path unlock the "
                "mutex?",
                "one mail is posted, and then the loop runs");
    post_mail(0, 0);
    all_is_posted();
    deliver_all(1);
    for (int round = 0; round < 3; round++) {
        check_doing("mailbox_post or take_all waits: does each path unlock the "
                    "mutex?",
                    "three mails are posted, and then the loop runs (round %d)",
                    round + 1);
        reset_counts();
        for (int i = 0; i < 3; i++)
            post_mail(0, i);
        all_is_posted();
        deliver_all(3);
    }
    check_doing("mailbox_post waits for the mutex, and on_mail has it: unlock "
                "it before conn_complete",
                "while a response is completed, the loop's own thread posts "
                "another mail");
    reset_counts();
    posts_another = true;
    post_mail(0, 0);
    all_is_posted();
    deliver_all(2);
    posts_another = false;
    check_doing("the pipe is full, and mailbox_post waits for room in it; but "
                "the loop, which would make room, is on this thread. One byte "
                "is enough for any number of mails",
                "%d mails are posted before the loop runs",
                MORE_THAN_A_PIPE_HOLDS);
    reset_counts();
    for (int i = 0; i < MORE_THAN_A_PIPE_HOLDS; i++)
        post_mail(0, i);
    all_is_posted();
    deliver_all(MORE_THAN_A_PIPE_HOLDS);
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"list", step_list},
        {"threads", step_threads},
        {"race", step_race},
        {"memory", step_memory},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
