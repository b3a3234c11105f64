// test_mailbox.c - responses on their way from many threads to the loop
//
// There are no connections here: this program has its own conn_complete, which
// checks what is delivered, and in which order.

#include "stage4_slow/mailbox.h"
#include "lib/base/net.h"
#include "stage2_async/conn.h"
#include "tests/unit/gate.h"
#include "tests/unit/backend.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    THREADS = 8,
    EACH = 2000, // mails from one thread
    ROUNDS = 500,
    MORE_THAN_A_PIPE_HOLDS = 70 * 1000, // bytes; Linux: 64 KiB, macOS: less
};

// The mailbox knows nothing of what follows the mail.
struct note {
    struct mail mail;
    int thread; // that posted it
    int number; // of that thread's notes, from 0
};

static struct loop loop;
static struct mailbox mailbox;
static struct gate all_here;
static int deliveries[2]; // a pipe: one byte for each delivery

static int expected; // the loop is stopped after so many
static int delivered;
static int next_from[THREADS];
static bool in_order; // each thread's notes, one after the other

void conn_complete(struct conn *conn, const struct http_response *response)
{
    const struct note *note = (const void *)conn;
    char text[16];
    snprintf(text, sizeof text, "%d", note->number);
    ck_assert(slice_is(response->body, text));
    if (note->number != next_from[note->thread]++)
        in_order = false;
    if (++delivered == expected)
        loop_stop(&loop);
    if (deliveries[1] > 0)
        ck_assert_int_eq(write(deliveries[1], "!", 1), 1);
}

// The mail's connection is the note itself, so that conn_complete finds it.
static void post(int thread, int number)
{
    struct note *note = malloc(sizeof *note);
    if (note == NULL)
        abort(); // in a thread, no assertion
    *note = (struct note){.thread = thread, .number = number};
    struct http_response *response = &note->mail.response;
    buffer_add_format(&response->text, "%d", number);
    response->body = buffer_slice(&response->text);
    note->mail.conn = (void *)note;
    mailbox_post(&mailbox, &note->mail);
}

static void open_mailbox(void)
{
    init_loop(&loop);
    ck_assert_int_eq(mailbox_init(&mailbox, &loop), 0);
    in_order = true;
}

static void destroy_mailbox(void)
{
    loop_destroy(&loop);
}

// A byte that stays in the pipe would wake the loop again and again.
static bool pipe_is_empty(void)
{
    char byte;
    return read(mailbox.pipe[0], &byte, 1) < 0 && net_would_block();
}

static void run_until_delivered(int count)
{
    expected = count;
    ck_assert_int_eq(loop_run(&loop), 0);
    ck_assert_int_eq(delivered, count);
    ck_assert(in_order);
    ck_assert(pipe_is_empty());
}

START_TEST(what_is_posted_before_the_loop_runs_is_delivered)
{
    for (int i = 0; i < 3; i++)
        post(0, i);
    run_until_delivered(3);
}
END_TEST

START_TEST(an_empty_mailbox_is_used_again)
{
    for (int i = 0; i < 3; i++) {
        post(0, i);
        run_until_delivered(i + 1);
    }
}
END_TEST

// With a byte for each mail the pipe would be full, and posting would wait for
// the loop, which is the same thread here.
START_TEST(posting_does_not_wait_for_room_in_the_pipe)
{
    for (int i = 0; i < MORE_THAN_A_PIPE_HOLDS; i++)
        post(0, i);
    run_until_delivered(MORE_THAN_A_PIPE_HOLDS);
}
END_TEST

static void start(pthread_t *thread, void *work(void *), void *argument)
{
    ck_assert_int_eq(pthread_create(thread, NULL, work, argument), 0);
}

static void *post_all(void *argument)
{
    int thread = *(const int *)argument;
    gate_pass(&all_here);
    for (int i = 0; i < EACH; i++)
        post(thread, i);
    return NULL;
}

START_TEST(many_threads_post_at_the_same_time)
{
    pthread_t threads[THREADS];
    int names[THREADS];
    gate_init(&all_here, THREADS);
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        start(&threads[i], post_all, &names[i]);
    }
    run_until_delivered(THREADS * EACH);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

static void *post_one_at_a_time(void *argument)
{
    char byte;
    for (int i = 0; i < ROUNDS; i++) {
        post(0, i);
        if (read(deliveries[0], &byte, 1) != 1)
            break;
    }
    return argument;
}

// Each mail is posted after the one before was delivered: then the loop waits,
// and without a wake-up it would wait for ever.
START_TEST(a_mail_wakes_the_loop_that_waits)
{
    pthread_t thread;
    ck_assert_int_eq(pipe(deliveries), 0);
    start(&thread, post_one_at_a_time, NULL);
    run_until_delivered(ROUNDS);
    pthread_join(thread, NULL);
}
END_TEST

static Suite *mailbox_suite(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = tcase_create("deliveries");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_mailbox, destroy_mailbox);
    tcase_add_test(tests, what_is_posted_before_the_loop_runs_is_delivered);
    tcase_add_test(tests, an_empty_mailbox_is_used_again);
    tcase_add_test(tests, posting_does_not_wait_for_room_in_the_pipe);
    tcase_add_test(tests, many_threads_post_at_the_same_time);
    tcase_add_test(tests, a_mail_wakes_the_loop_that_waits);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(mailbox_suite());
}
