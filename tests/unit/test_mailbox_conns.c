// test_mailbox_conns.c - from a handler to a thread, and back to the client
//
// The whole way of a deferred response: the handler starts a thread for each
// request, the thread posts the response, and the loop completes it.

#include "stage4_slow/mailbox.h"
#include "lib/service/respond.h"
#include "stage4_slow/thread.h"
#include "tests/unit/clients.h"
#include "tests/unit/unit.h"

#include <sched.h>
#include <stdlib.h>

enum { CLIENTS = 20 };

struct job {
    struct mail mail; // the first member: the mailbox frees the whole job
    int yields;       // how often the thread lets others go first
};

static struct mailbox mailbox;
static struct client *clients[CLIENTS];

static void *work(void *argument)
{
    struct job *job = argument;
    for (int i = 0; i < job->yields; i++)
        sched_yield();
    mailbox_post(&mailbox, &job->mail);
    return NULL;
}

// The threads of later requests yield less, so that most finish sooner.
static void handle(const struct http_request *request,
                   struct http_response *response)
{
    static int yields = 1000;
    struct job *job = malloc(sizeof *job);
    ck_assert_ptr_nonnull(job);
    *job = (struct job){.mail.conn = response->conn, .yields = yields};
    yields -= 10;
    struct http_response *deferred = &job->mail.response;
    buffer_add(&deferred->text, request->body);
    deferred->status = HTTP_OK;
    deferred->body = buffer_slice(&deferred->text);
    response->deferred = thread_start(work, job);
    ck_assert(response->deferred);
}

static void open_clients(void)
{
    clients_init(handle);
    ck_assert_int_eq(mailbox_init(&mailbox, &server.loop), 0);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = client_open();
}

START_TEST(every_client_gets_its_responses_in_order)
{
    for (int i = 0; i < CLIENTS; i++)
        client_send(clients[i], POST("1", "a") POST("1", "b") POST("1", "c"));
    for (int i = 0; i < CLIENTS; i++)
        while (strcmp(client_responses(clients[i]), "200 a, 200 b, 200 c") != 0)
            client_wait(clients[i]);
}
END_TEST

START_TEST(clients_may_leave_while_threads_work_for_them)
{
    for (int i = 0; i < CLIENTS; i++)
        client_send(clients[i], POST("1", "a"));
    clients_iterate(1);
    for (int i = 0; i < CLIENTS; i += 2)
        client_close(clients[i]);
    for (int i = 1; i < CLIENTS; i += 2) {
        client_wait(clients[i]);
        ck_assert_str_eq(client_responses(clients[i]), "200 a");
    }
    while (server.conns.count > CLIENTS / 2)
        clients_run_for(1);
}
END_TEST

START_TEST(a_graceful_shutdown_waits_for_the_threads)
{
    for (int i = 0; i < CLIENTS; i++)
        client_send(clients[i], POST("1", "a"));
    clients_iterate(1);
    server.conns.timeouts_ms[CONN_LINGERING] = 1; // in milliseconds
    conns_stop(&server.conns);
    ck_assert_int_eq(loop_run(&server.loop), 0);
    ck_assert_int_eq(server.conns.count, 0);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_str_eq(client_responses(clients[i]), "200 a (final), end");
}
END_TEST

static Suite *mailbox_suite(void)
{
    Suite *suite = suite_create("mailbox and conns");
    TCase *tests = tcase_create("the whole way");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_checked_fixture(tests, open_clients, clients_destroy);
    tcase_add_test(tests, every_client_gets_its_responses_in_order);
    tcase_add_test(tests, clients_may_leave_while_threads_work_for_them);
    tcase_add_test(tests, a_graceful_shutdown_waits_for_the_threads);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(mailbox_suite());
}
