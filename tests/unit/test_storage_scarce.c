// test_storage_scarce.c - memory and threads run out in our part of `durable`
//
// What SQLite does without memory is in test_storage_faults.c.

#include "tests/unit/scarce.h"
#include "tests/unit/storing.h"

#include <errno.h>

enum { CAPACITY = 3 };

START_TEST(an_offer_without_memory_is_rejected_and_takes_no_place)
{
    struct heard heard;
    struct http_response response = {.conn = (void *)&heard};
    const struct event event = {"alice", "buy", 1};
    open_storage(CAPACITY, 9, 9);
    scarce_memory(0);
    bool is_offered = storage_offer(&storage, &event, "key", &response);
    bool failed = scarce_end();
    ck_assert(failed && !is_offered && !response.deferred);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(storage_waiting(&storage), 0);
    for (int i = 0; i < CAPACITY; i++)
        ck_assert_int_eq(accept_event("alice", 1, ""), 202);
    close_storage();
}
END_TEST

START_TEST(a_look_without_memory_is_rejected)
{
    struct heard heard;
    struct http_response response = {.conn = (void *)&heard};
    open_storage(CAPACITY, 9, 9);
    scarce_memory(0);
    bool is_asked = storage_look_up(&storage, "alice", &response);
    bool failed = scarce_end();
    ck_assert(failed && !is_asked && !response.deferred);
    ck_assert_int_eq(storage_start(&storage), 0);
    must_look("", "{}\n");
    close_storage();
}
END_TEST

START_TEST(a_storage_without_its_thread_does_not_start)
{
    open_storage(CAPACITY, 9, 9);
    scarce_threads(0);
    int result = storage_start(&storage);
    int error = errno;
    scarce_end();
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, EAGAIN);
    ck_assert_str_eq(process_fault(), "start the storage thread");
    ck_assert_int_eq(storage_start(&storage), 0);
    close_storage();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("storage scarce");
    TCase *tests = add_storing(suite);
    tcase_add_test(tests,
                   an_offer_without_memory_is_rejected_and_takes_no_place);
    tcase_add_test(tests, a_look_without_memory_is_rejected);
    tcase_add_test(tests, a_storage_without_its_thread_does_not_start);
    return unit_run(suite);
}
