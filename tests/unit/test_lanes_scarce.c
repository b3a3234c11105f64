// test_lanes_scarce.c - memory runs out in a server with lanes
//
// At the start it then does not start, and errno says why. Later a request
// fails, and the server lives.

#include "beyond/lanes/balances.h"
#include "lib/service/respond.h"
#include "tests/unit/clients.h"
#include "tests/unit/scarce.h"
#include "tests/unit/unit.h"

#include <errno.h>

enum { LANES = 3, CAPACITY = 4 };

static struct balances balances;
static struct lanes lanes;
static struct mailbox responses;

START_TEST(lanes_for_which_there_is_no_memory)
{
    bool failed = true;
    for (int count = 0; failed; count++) {
        loop_init(&server.loop);
        scarce_memory(count);
        int result = lanes_init(&lanes, LANES, CAPACITY);
        if (result == 0)
            result = lanes_register(&lanes, &server.loop);
        int error = errno;
        failed = scarce_end();
        ck_assert_int_eq(result, failed ? -1 : 0);
        ck_assert_int_eq(failed ? error : ENOMEM, ENOMEM);
        ck_assert(failed || count > 2 * LANES);
        lanes_destroy(&lanes);
        loop_destroy(&server.loop);
    }
}
END_TEST

START_TEST(stores_for_which_there_is_no_memory)
{
    bool failed = true;
    balances.users_max = 10;
    for (int count = 0; failed; count++) {
        scarce_memory(count);
        int result = balances_init(&balances, LANES);
        int error = errno;
        failed = scarce_end();
        ck_assert_int_eq(result, failed ? -1 : 0);
        ck_assert_int_eq(failed ? error : ENOMEM, ENOMEM);
        balances_destroy(&balances);
    }
}
END_TEST

// Ends the iteration: the test goes on with the workers' part.
static void handle(const struct http_request *request,
                   struct http_response *response)
{
    (void)request;
    if (!balances_ask(&balances, &lanes, &responses, "", response))
        respond_busy(response);
    loop_stop(&server.loop);
}

// The workers' part, on this thread: they respond, and have no job.
static void work_all(void)
{
    const struct job *job;
    lanes_close(&lanes);
    for (int worker = 1; worker <= LANES; worker++)
        if (lanes_receive(&lanes, worker, &job))
            abort();
}

static void open_all(void)
{
    clients_init(handle);
    balances.users_max = 10;
    ck_assert_int_eq(balances_init(&balances, LANES), 0);
    ck_assert_int_eq(lanes_init(&lanes, LANES, CAPACITY), 0);
    ck_assert_int_eq(lanes_register(&lanes, &server.loop), 0);
    ck_assert_int_eq(mailbox_init(&responses, &server.loop), 0);
    for (int worker = 1; worker <= LANES; worker++) {
        int64_t balance;
        store_add(balances_of(&balances, worker), "alice", worker, &balance);
    }
}

// Whatever fails, the client gets a response, or its connection is closed.
START_TEST(a_request_for_which_there_is_no_memory)
{
    static const char all[] = "200 {\"alice\":1,\"alice\":2,\"alice\":3}\n";
    bool failed = true;
    int others = 0;
    for (int count = 0; failed; count++) {
        open_all();
        struct client *client = client_open();
        client_send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        scarce_memory(count);
        loop_run(&server.loop);
        work_all();
        failed = scarce_end();
        clients_iterate(5);
        const char *text = client_responses(client);
        ck_assert_msg(failed || strcmp(text, all) == 0, "%s", text);
        ck_assert_msg(strcmp(text, all) == 0 || strcmp(text, "end") == 0 ||
                          strstr(text, "\"server_busy\"") != NULL ||
                          strstr(text, "500 ") == text,
                      "%s", text);
        others += strcmp(text, all) != 0;
        clients_destroy();
        lanes_destroy(&lanes);
        balances_destroy(&balances);
    }
    ck_assert_int_ge(others, 3);
}
END_TEST

// All the others have memory, and so has who puts the parts together.
START_TEST(a_part_for_which_there_is_no_memory)
{
    const struct job *job;
    open_all();
    struct client *client = client_open();
    client_send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    loop_run(&server.loop);
    lanes_close(&lanes);
    scarce_memory(0);
    bool is_open = lanes_receive(&lanes, 1, &job);
    ck_assert(scarce_end());
    ck_assert(!is_open);
    for (int worker = 2; worker <= LANES; worker++)
        ck_assert(!lanes_receive(&lanes, worker, &job));
    clients_iterate(5);
    ck_assert_ptr_nonnull(strstr(client_responses(client), "500 "));
    clients_destroy();
    lanes_destroy(&lanes);
    balances_destroy(&balances);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanes scarce");
    TCase *tests = tcase_create("scarce");
    tcase_set_timeout(tests, 30); // in seconds
    tcase_add_test(tests, lanes_for_which_there_is_no_memory);
    tcase_add_test(tests, stores_for_which_there_is_no_memory);
    tcase_add_test(tests, a_request_for_which_there_is_no_memory);
    tcase_add_test(tests, a_part_for_which_there_is_no_memory);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
