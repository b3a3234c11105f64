// check.c - is it a mailbox? One function for each of the first steps
//
//     threads --> mailbox_post --> [ the learner's ] --> conn_complete, here
//
// It calls the two functions of mailbox.h, and has a conn_complete of its own,
// which checks what is delivered. So any right mailbox passes.

#include "exercises/check.h"
#include "exercises/threads.h"
#include "lib/base/net.h"
#include "stage2_async/conn.h"
#include "stage4_slow/mailbox.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 8,
    EACH = 1250, // mails from one thread: together 10,000
    ROUNDS = 300,
    MORE_THAN_A_PIPE_HOLDS = 70 * 1000, // bytes; Linux: 64 KiB, macOS: less
    ITERATIONS_MAX = 200 * 1000,        // of a loop that finds no end
};

// The mailbox knows nothing of what follows the mail.
struct note {
    struct mail mail;
    int thread; // that posted it
    int number; // of that thread's notes, from 0
};

static struct loop loop;
static struct mailbox mailbox;
static pthread_t loop_thread;
static int posted[2];           // a pipe: readable when all is posted
static atomic_int threads_left; // that still post
static int iterations;          // of the loop since then

static atomic_int delivered;
static int next_from[THREADS];
static const char *if_asleep; // likely cause; NULL: the usual ones
static bool posts_another;    // while a response is completed

// --- Mails, and where they come out ------------------------------------------

// The next pointer of a new mail points here.
static struct note no_mail = {.number = -1};

// The mail's connection is the note itself, so that conn_complete finds it.
static void post(int thread, int number)
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
        post(0, 1);
}

// --- The loop runs until nothing is left -------------------------------------

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

static void open_mailbox(void)
{
    loop_thread = pthread_self();
    loop_init(&loop);
    no_mail.mail.conn = (void *)&no_mail;
    bool is_ready = mailbox_init(&mailbox, &loop) == 0 &&
                    net_self_pipe(posted) == 0 &&
                    loop_register(&loop, posted[0], on_posted, NULL) == 0;
    check_that(is_ready, "mailbox_init returned -1", "0",
               "was mailbox_init changed? Or the system has no more "
               "descriptors: that is no fault of the mailbox");
}

static void reset_counts(void)
{
    char byte;
    while (read(posted[0], &byte, 1) == 1)
        ;
    for (int i = 0; i < THREADS; i++)
        next_from[i] = 0;
    delivered = 0;
    iterations = 0;
}

static void all_is_posted(void)
{
    if (write(posted[1], "!", 1) != 1)
        abort();
}

// Returns when all is delivered that ever will be.
static void deliver(int wanted)
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

// --- 4.1 The mailbox on one thread -------------------------------------------

static void mails_are_delivered(void)
{
    open_mailbox();
    check_crash(
        "mail->next of a mail that was freed? Read it before free(mail)");
    check_doing("mailbox_post or take_all waits: does each path unlock the "
                "mutex?",
                "one mail is posted, and then the loop runs");
    post(0, 0);
    all_is_posted();
    deliver(1);
    for (int round = 0; round < 3; round++) {
        check_doing("mailbox_post or take_all waits: does each path unlock the "
                    "mutex?",
                    "three mails are posted, and then the loop runs (round %d)",
                    round + 1);
        reset_counts();
        for (int i = 0; i < 3; i++)
            post(0, i);
        all_is_posted();
        deliver(3);
    }
    check_doing("mailbox_post waits for the mutex, and on_mail has it: unlock "
                "it before conn_complete",
                "while a response is completed, the loop's own thread posts "
                "another mail");
    reset_counts();
    posts_another = true;
    post(0, 0);
    all_is_posted();
    deliver(2);
    posts_another = false;
    check_doing("the pipe is full, and mailbox_post waits for room in it; but "
                "the loop, which would make room, is on this thread. One byte "
                "is enough for any number of mails",
                "%d mails are posted before the loop runs",
                MORE_THAN_A_PIPE_HOLDS);
    reset_counts();
    for (int i = 0; i < MORE_THAN_A_PIPE_HOLDS; i++)
        post(0, i);
    all_is_posted();
    deliver(MORE_THAN_A_PIPE_HOLDS);
}

// --- 4.2 Threads post --------------------------------------------------------

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
    post(0, 0);
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
        post(0, i);
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
        post(*(const int *)argument, i);
    thread_has_posted();
    return NULL;
}

static void threads_post(void)
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
    deliver(1);
    if_asleep = NULL;
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "a thread posts %d mails, each when the one before was "
                "delivered, so the loop sleeps in between",
                ROUNDS);
    reset_counts();
    threads_left = 1;
    start(post_one_at_a_time, NULL);
    deliver(ROUNDS);
    check_doing("a thread waits for the mutex: does each path unlock it?",
                "%d threads post %d mails at the same time", THREADS,
                THREADS * EACH);
    reset_counts();
    threads_left = THREADS;
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        start(post_many, &names[i]);
    }
    deliver(THREADS * EACH);
}

// --- 4.3 No data race --------------------------------------------------------

// The thread sanitizer watches, and needs few mails.
static void threads_race(void)
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
    deliver(THREADS * FEW);
}

// --- 4.4 Nothing leaks -------------------------------------------------------

static atomic_int blocks; // that are allocated now

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif

#ifdef HAS_ASAN
// NOLINTBEGIN(bugprone-reserved-identifier): the sanitizer chose the names
int __sanitizer_install_malloc_and_free_hooks(
    void (*on_malloc)(const volatile void *, size_t),
    void (*on_free)(const volatile void *));
void __asan_on_error(void);

// It has found a use after free, and prints a report after this.
void __asan_on_error(void)
{
    printf("likely: free(mail) is the last thing that happens to a mail. Is "
           "mail->next read after it? Copy it to a variable before\n");
}

static void on_malloc(const volatile void *bytes, size_t size)
{
    (void)size;
    blocks += bytes != NULL;
}

static void on_free(const volatile void *bytes)
{
    blocks -= bytes != NULL;
}

static void count_blocks(void)
{
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
// NOLINTEND(bugprone-reserved-identifier)
#else
static void count_blocks(void)
{
    // Not counted, so none are left.
}
#endif

static void memory_is_released(void)
{
    enum { COUNT = 100 };
    open_mailbox();
    check_doing("mailbox_post or take_all waits: does each path unlock the "
                "mutex?",
                "%d mails, each with a text, are delivered, watched by the "
                "address sanitizer",
                COUNT);
    count_blocks();
    for (int i = 0; i < COUNT; i++)
        post(0, i);
    all_is_posted();
    deliver(COUNT);
    int left = blocks;
    check_that(left <= 0,
               check_text("%d blocks of memory are not released", left), "none",
               left >= 2 * COUNT
                   ? "neither the mail (free) nor its response's text "
                     "(buffer_destroy) is released after conn_complete"
                   : "after conn_complete, two things are released: the memory "
                     "of mail->response.text (buffer_destroy), and the mail "
                     "(free)");
}

// --- The program -------------------------------------------------------------

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"list", mails_are_delivered},
        {"threads", threads_post},
        {"race", threads_race},
        {"memory", memory_is_released},
    };
    return check_main(argc, argv, checks, sizeof checks / sizeof checks[0]);
}
