// check_threads.c - 4.2 threads post, and 4.3 the same watched by the sanitizer

#include "exercises/4_mailbox/mailbox_check.h"

#include <stdlib.h>
#include <time.h>

enum {
    EACH = 1250, // mails from one thread: together 10,000
    ROUNDS = 300,
};

static atomic_int threads_left; // that still post

static void start(void *work(void *), void *argument)
{
    pthread_t thread;
    check_that(pthread_create(&thread, NULL, work, argument) == 0 &&
                   pthread_detach(thread) == 0,
               "pthread_create failed", "a thread",
               "the system has no more threads: no fault of the mailbox");
}

static void thread_has_posted(void)
{
    if (atomic_fetch_sub(&threads_left, 1) == 1)
        all_is_posted();
}

// The loop has time to wake up, and to fall asleep again.
static void pause_before_lock(void *context)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    (void)context;
    nanosleep(&pause, NULL);
}

static void *post_with_a_pause(void *argument)
{
    threads_before_lock(pause_before_lock, NULL);
    post_mail(0, 0);
    threads_before_lock(NULL, NULL);
    thread_has_posted();
    return argument;
}

// Is the mail with this number delivered?
static bool is_delivered(void *context)
{
    return delivered > *(int *)context;
}

static void *post_one_at_a_time(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        post_mail(0, i);
        if (!check_until(is_delivered, &i, 2000))
            break;
    }
    thread_has_posted();
    return argument;
}

static atomic_int arrived; // threads that wait for the others
static int each = EACH;

static void *post_many(void *argument)
{
    arrived++;
    while (arrived < THREADS)
        ;
    for (int i = 0; i < each; i++)
        post_mail(*(const int *)argument, i);
    thread_has_posted();
    return NULL;
}

void step_threads(void)
{
    static int names[THREADS];
    open_mailbox();
    check_crash("two threads in the list at the same time: mailbox_post and "
                "take_all lock the mutex first");
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "a thread posts a mail, and pauses before it locks the mutex");
    if_asleep = "the byte is in the pipe before the mail is in the list: the "
                "loop wakes up, finds nothing, and sleeps again. First the "
                "change, then the wake-up";
    threads_left = 1;
    start(post_with_a_pause, NULL);
    deliver_all(1);
    if_asleep = NULL;
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "a thread posts %d mails, each when the one before was "
                "delivered, so the loop sleeps in between",
                ROUNDS);
    reset_counts();
    threads_left = 1;
    start(post_one_at_a_time, NULL);
    deliver_all(ROUNDS);
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "%d threads post %d mails at the same time", THREADS,
                THREADS * EACH);
    reset_counts();
    threads_left = THREADS;
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        start(post_many, &names[i]);
    }
    deliver_all(THREADS * EACH);
}

// The thread sanitizer watches, and needs few mails.
void step_race(void)
{
    static int names[THREADS];
    enum { FEW = 100 };
    open_mailbox();
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "%d threads post %d mails, watched by the thread sanitizer",
                THREADS, THREADS * FEW);
    each = FEW;
    threads_left = THREADS;
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        start(post_many, &names[i]);
    }
    deliver_all(THREADS * FEW);
}
