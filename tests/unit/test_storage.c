// test_storage.c - offers, jobs and balances, and what comes back from the file

#include "tests/unit/storing.h"

// What is in a copy of the file, as a crash leaves it now.
static void must_survive(bool power_fails, size_t events, const char *balances)
{
    struct database database = {.path = copy, .users_max = 9, .keys_max = 9};
    struct buffer text = {0};
    size_t count;
    faulty_disk_copy(path, copy, power_fails);
    ck_assert_msg(database_open(&database) == 0, "cannot %s", process_fault());
    ck_assert(database_count(&database, &count));
    ck_assert(database_write_balances(&database, &text));
    buffer_add(&text, (struct slice){"", 1});
    ck_assert_uint_eq(count, events);
    ck_assert_str_eq(text.bytes, balances);
    buffer_destroy(&text);
    database_close(&database);
}

START_TEST(a_202_survives_a_kill_and_a_power_failure)
{
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, ""), 202);
    must_survive(_i == 1, 1, "{}");
    ck_assert_int_eq(accept_event("bob", 2, ""), 202);
    must_survive(_i == 1, 2, "{}");
    close_storage();
}
END_TEST

// The change and the end of the event are one: a crash finds both or neither.
START_TEST(an_event_is_applied_and_removed_at_once)
{
    int64_t balance;
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, ""), 202);
    ck_assert_int_eq(accept_event("alice", 2, ""), 202);
    ck_assert_int_eq(apply_next(&balance), STORE_ADDED);
    ck_assert_int_eq(balance, 1);
    must_survive(_i == 1, 1, "{\"alice\":1}");
    ck_assert_int_eq(apply_next(&balance), STORE_ADDED);
    ck_assert_int_eq(balance, 3);
    must_survive(_i == 1, 0, "{\"alice\":3}");
    close_storage();
}
END_TEST

START_TEST(what_waits_is_written_in_one_transaction)
{
    enum { OFFERS = 64 };
    static struct heard heard[OFFERS];
    open_storage(OFFERS, 9, 9);
    int before = faulty_disk_syncs();
    for (int i = 0; i < OFFERS; i++)
        ck_assert(offer(&heard[i], "alice", i, ""));
    ck_assert_int_eq(storage_start(&storage), 0);
    for (int i = 0; i < OFFERS; i++)
        ck_assert_int_eq(wait_for(&heard[i]), 202);
    ck_assert_int_eq(faulty_disk_syncs(), before + 1);
    ck_assert_uint_eq(channel_length(&jobs), OFFERS);
    close_storage();
}
END_TEST

START_TEST(jobs_come_back_in_the_order_of_their_acceptance)
{
    open_storage(3, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    for (int amount = 1; amount <= 3; amount++)
        ck_assert_int_eq(accept_event("alice", amount, ""), 202);
    close_storage();
    open_storage(1, 9, 9); // fewer may wait than are in the file
    ck_assert_uint_eq(storage.restored, 3);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(storage_waiting(&storage), 3);
    for (int amount = 1; amount <= 3; amount++) {
        struct heard heard;
        struct stored_job job;
        ck_assert(!offer(&heard, "alice", 9, ""));
        job = take();
        ck_assert_int_eq(job.event.amount, amount);
        ck_assert_str_eq(job.event.user, "alice");
        ck_assert_str_eq(job.event.action, "buy");
        ck_assert_int_eq(job.since, 0);
    }
    ck_assert_int_eq(accept_event("alice", 9, ""), 202);
    close_storage();
}
END_TEST

START_TEST(a_key_adds_its_event_once)
{
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert_int_eq(accept_event("alice", 1, "another key"), 202);
    ck_assert_uint_eq(channel_length(&jobs), 2);
    close_storage();
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert_uint_eq(channel_length(&jobs), 2);
    close_storage();
}
END_TEST

// Both are in one transaction: the second must see the first.
START_TEST(a_key_adds_its_event_once_also_at_the_same_time)
{
    struct heard heard[2];
    open_storage(9, 9, 9);
    for (int i = 0; i < 2; i++)
        ck_assert(offer(&heard[i], "alice", 1, "key"));
    ck_assert_int_eq(storage_start(&storage), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(wait_for(&heard[i]), 202);
    ck_assert_uint_eq(channel_length(&jobs), 1);
    ck_assert_int_eq(storage_waiting(&storage), 1);
    close_storage();
}
END_TEST

static const struct event others[] = {
    {"alicf", "buy", 1}, {"alice", "sell", 1}, {"alice", "buy", 2}};

START_TEST(a_key_is_for_one_event)
{
    struct heard heard = {0};
    struct http_response response = {.conn = (void *)&heard};
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert(storage_offer(&storage, &others[_i], "key", &response));
    ck_assert_int_eq(wait_for(&heard), 422);
    ck_assert_str_eq(heard.body,
                     "{\"status\":\"error\",\"reason\":\"idempotency_key_"
                     "reused\",\"detail\":\"this Idempotency-Key came with "
                     "another event\"}\n");
    ck_assert_uint_eq(channel_length(&jobs), 1);
    close_storage();
}
END_TEST

START_TEST(the_latest_keys_are_remembered)
{
    open_storage(99, 9, 3);
    ck_assert_int_eq(storage_start(&storage), 0);
    const char *const keys[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(accept_event("alice", i, keys[i]), 202);
    ck_assert_int_eq(accept_event("alice", 1, "b"), 202); // remembered
    ck_assert_uint_eq(channel_length(&jobs), 4);
    ck_assert_int_eq(accept_event("alice", 0, "a"), 202); // forgotten
    ck_assert_uint_eq(channel_length(&jobs), 5);
    close_storage();
}
END_TEST

START_TEST(an_offer_that_waits_for_its_commit_counts)
{
    struct heard heard[3];
    open_storage(2, 9, 9);
    ck_assert(offer(&heard[0], "alice", 1, ""));
    ck_assert(offer(&heard[1], "alice", 2, ""));
    ck_assert(!offer(&heard[2], "alice", 3, ""));
    ck_assert_int_eq(storage_waiting(&storage), 2);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(wait_for(&heard[0]), 202);
    ck_assert_int_eq(wait_for(&heard[1]), 202);
    ck_assert_int_eq(storage_waiting(&storage), 2);
    ck_assert(!offer(&heard[2], "alice", 3, ""));
    take();
    ck_assert_int_eq(accept_event("alice", 3, ""), 202);
    close_storage();
}
END_TEST

// What was accepted before needs no place; what was not is rejected.
START_TEST(a_known_key_is_accepted_when_no_more_may_wait)
{
    struct heard heard;
    open_storage(1, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert(offer(&heard, "alice", 1, "new key"));
    ck_assert_int_eq(wait_for(&heard), 503);
    ck_assert_str_eq(heard.body,
                     "{\"status\":\"rejected\",\"reason\":\"server_busy\"}\n");
    take();
    ck_assert_int_eq(accept_event("alice", 1, "new key"), 202);
    close_storage();
}
END_TEST

// A place that is not used is free again.
START_TEST(a_known_key_takes_no_place)
{
    open_storage(2, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    ck_assert_int_eq(storage_waiting(&storage), 1);
    ck_assert_int_eq(accept_event("alice", 2, ""), 202);
    close_storage();
}
END_TEST

START_TEST(an_event_that_cannot_be_applied_is_removed)
{
    int64_t balance;
    open_storage(9, 1, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("alice", INT64_MAX, ""), 202);
    ck_assert_int_eq(accept_event("alice", 1, ""), 202);
    ck_assert_int_eq(accept_event("bob", 1, ""), 202);
    ck_assert_int_eq(accept_event("alice", -7, ""), 202);
    ck_assert_int_eq(apply_next(&balance), STORE_ADDED);
    ck_assert_int_eq(apply_next(&balance), STORE_OVERFLOW);
    ck_assert_int_eq(apply_next(&balance), STORE_FULL);
    ck_assert_int_eq(apply_next(&balance), STORE_ADDED);
    ck_assert_int_eq(balance, INT64_MAX - 7);
    must_survive(false, 0, "{\"alice\":9223372036854775800}");
    close_storage();
    open_storage(9, 1, 9); // the users of the file count
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(accept_event("bob", 1, ""), 202);
    ck_assert_int_eq(apply_next(&balance), STORE_FULL);
    close_storage();
}
END_TEST

START_TEST(balances_are_read_in_the_order_of_the_first_events)
{
    int64_t balance;
    open_storage(9, 9, 9);
    ck_assert_int_eq(storage_start(&storage), 0);
    must_look("", "{}\n");
    must_look("bob", "{\"status\":\"error\",\"reason\":\"not_found\",\"detail\""
                     ":\"no event of this user yet\"}\n");
    ck_assert_int_eq(accept_event("b\"o\nb", 1, ""), 202);
    ck_assert_int_eq(accept_event("alic\xc3\xa9", INT64_MIN, ""), 202);
    must_look("", "{}\n"); // accepted, and not applied yet
    apply_next(&balance);
    apply_next(&balance);
    must_look("", "{\"b\\\"o\\nb\":1,\"alic\xc3\xa9\":-9223372036854775808}\n");
    must_look("b\"o\nb", "{\"user\":\"b\\\"o\\nb\",\"balance\":1}\n");
    close_storage();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("storage");
    TCase *tests = add_storing(suite);
    tcase_add_loop_test(tests, a_202_survives_a_kill_and_a_power_failure, 0, 2);
    tcase_add_loop_test(tests, an_event_is_applied_and_removed_at_once, 0, 2);
    tcase_add_test(tests, what_waits_is_written_in_one_transaction);
    tcase_add_test(tests, jobs_come_back_in_the_order_of_their_acceptance);
    tcase_add_test(tests, a_key_adds_its_event_once);
    tcase_add_test(tests, a_key_adds_its_event_once_also_at_the_same_time);
    unit_add_rows(tests, a_key_is_for_one_event, others);
    tcase_add_test(tests, the_latest_keys_are_remembered);
    tcase_add_test(tests, an_offer_that_waits_for_its_commit_counts);
    tcase_add_test(tests, a_known_key_is_accepted_when_no_more_may_wait);
    tcase_add_test(tests, a_known_key_takes_no_place);
    tcase_add_test(tests, an_event_that_cannot_be_applied_is_removed);
    tcase_add_test(tests, balances_are_read_in_the_order_of_the_first_events);
    return unit_run(suite);
}
