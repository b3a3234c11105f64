// test_store.c - the balances

#include "lib/store/store.h"
#include "tests/unit/memory.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>

static struct store store;

static void open_store(void)
{
    ck_assert_int_eq(store_init(&store), 0);
}

static void close_store(void)
{
    store_destroy(&store);
}

static int64_t add(const char *user, int64_t amount)
{
    int64_t balance = 0;
    ck_assert_int_eq(store_add(&store, user, amount, &balance), STORE_ADDED);
    return balance;
}

static int64_t balance_of(const char *user)
{
    int64_t balance = 0;
    ck_assert_msg(store_get(&store, user, &balance), "no user %s", user);
    return balance;
}

static void must_be_written_as(const char *expected)
{
    struct buffer out = {0};
    store_write(&store, &out);
    buffer_add(&out, (struct slice){"", 1}); // the NUL
    ck_assert(!out.failed);
    ck_assert_str_eq(out.bytes, expected);
    buffer_destroy(&out);
}

// The balances as a client reads them. The caller releases the value.
static json_t *written_and_read(void)
{
    struct buffer out = {0};
    json_error_t error;
    store_write(&store, &out);
    json_t *read =
        json_loadb(out.bytes, out.length, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(read != NULL, "%s: %.*s", error.text, (int)out.length,
                  out.bytes);
    buffer_destroy(&out);
    return read;
}

START_TEST(reading_a_balance_does_not_add_a_user)
{
    int64_t balance = 7;
    ck_assert(!store_get(&store, "alice", &balance));
    must_be_written_as("{}");
}
END_TEST

START_TEST(amounts_are_summed_for_each_user)
{
    ck_assert_int_eq(add("alice", 100), 100);
    ck_assert_int_eq(add("bob", -7), -7);
    ck_assert_int_eq(add("alice", 50), 150);
    ck_assert_int_eq(add("alice", -300), -150);
    ck_assert_int_eq(balance_of("alice"), -150);
    ck_assert_int_eq(balance_of("bob"), -7);
}
END_TEST

START_TEST(an_amount_of_0_adds_a_user)
{
    ck_assert_int_eq(add("alice", 0), 0);
    ck_assert_int_eq(balance_of("alice"), 0);
    must_be_written_as("{\"alice\":0}");
}
END_TEST

START_TEST(balances_are_written_in_the_order_of_the_first_events)
{
    add("zoe", 1);
    add("alice", 100);
    add("bob", -7);
    add("zoe", 1);
    must_be_written_as("{\"zoe\":2,\"alice\":100,\"bob\":-7}");
}
END_TEST

START_TEST(writing_appends_to_the_buffer)
{
    struct buffer out = {0};
    add("alice", 1);
    buffer_add_text(&out, "balances: ");
    store_write(&store, &out);
    buffer_add(&out, (struct slice){"", 1}); // the NUL
    ck_assert_str_eq(out.bytes, "balances: {\"alice\":1}");
    buffer_destroy(&out);
}
END_TEST

static const struct {
    int64_t balance;
    int64_t amount;
    bool fits;
} edges[] = {
    {0, INT64_MAX, true},          {0, INT64_MIN, true},
    {INT64_MAX, INT64_MIN, true},  {INT64_MIN, INT64_MAX, true},
    {INT64_MAX - 1, 1, true},      {INT64_MIN + 1, -1, true},
    {INT64_MAX, 0, true},          {INT64_MIN, 0, true},
    {INT64_MAX, 1, false},         {INT64_MIN, -1, false},
    {INT64_MAX, INT64_MAX, false}, {INT64_MIN, INT64_MIN, false},
    {1, INT64_MAX, false},         {-1, INT64_MIN, false},
};

START_TEST(a_sum_beyond_64_bits_changes_nothing)
{
    int64_t balance = 7;
    add("alice", edges[_i].balance);
    enum store_result result =
        store_add(&store, "alice", edges[_i].amount, &balance);
    if (edges[_i].fits) {
        ck_assert_int_eq(result, STORE_ADDED);
        ck_assert_int_eq(balance, edges[_i].balance + edges[_i].amount);
        ck_assert_int_eq(balance_of("alice"), balance);
    } else {
        ck_assert_int_eq(result, STORE_OVERFLOW);
        ck_assert_int_eq(balance, 7);
        ck_assert_int_eq(balance_of("alice"), edges[_i].balance);
    }
}
END_TEST

START_TEST(after_an_overflow_the_balance_can_still_change)
{
    int64_t balance;
    add("alice", INT64_MAX);
    ck_assert_int_eq(store_add(&store, "alice", 1, &balance), STORE_OVERFLOW);
    ck_assert_int_eq(add("alice", -1), INT64_MAX - 1);
    ck_assert_int_eq(add("bob", 1), 1);
}
END_TEST

START_TEST(the_largest_balances_are_written_to_the_last_digit)
{
    add("rich", INT64_MAX);
    add("poor", INT64_MIN);
    must_be_written_as("{\"rich\":9223372036854775807,"
                       "\"poor\":-9223372036854775808}");
}
END_TEST

// Names that an event may have: each is a key of its own, unchanged.
static const char *const unusual_users[] = {
    "a",
    "A",
    " a",
    "a ",
    "",
    "0",
    "null",
    "a\"b",
    "a\\b",
    "a\\\"b",
    "a/b",
    "a\nb",
    "\x1b[31m",
    "\x7f",
    "{\"alice\":1}",
    "%41",
    "__proto__",
    "\xc3\xa9",  // one character,
    "e\xcc\x81", // which looks the same: names are not normalized
    "\xf0\x9f\x98\x80",
    "\xef\xbf\xbf",
};

START_TEST(unusual_names_are_unchanged)
{
    enum { USERS = sizeof unusual_users / sizeof unusual_users[0] };
    for (int i = 0; i < USERS; i++)
        add(unusual_users[i], i);
    json_t *read = written_and_read();
    ck_assert_uint_eq(json_object_size(read), USERS);
    for (int i = 0; i < USERS; i++) {
        const json_t *balance = json_object_get(read, unusual_users[i]);
        ck_assert_msg(json_is_integer(balance), "no user %s", unusual_users[i]);
        ck_assert_int_eq(json_integer_value(balance), i);
        ck_assert_int_eq(balance_of(unusual_users[i]), i);
    }
    json_decref(read);
}
END_TEST

START_TEST(a_thousand_users_have_a_thousand_balances)
{
    enum { USERS = 1000 };
    char user[16];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < USERS; i++) {
            snprintf(user, sizeof user, "user%d", i);
            add(user, i);
        }
    json_t *read = written_and_read();
    ck_assert_uint_eq(json_object_size(read), USERS);
    for (int i = 0; i < USERS; i++) {
        snprintf(user, sizeof user, "user%d", i);
        ck_assert_int_eq(json_integer_value(json_object_get(read, user)),
                         (int64_t)2 * i);
    }
    json_decref(read);
}
END_TEST

START_TEST(two_stores_share_no_balance)
{
    struct store other;
    int64_t balance;
    ck_assert_int_eq(store_init(&other), 0);
    add("alice", 100);
    ck_assert(!store_get(&other, "alice", &balance));
    store_destroy(&other);
    ck_assert_int_eq(balance_of("alice"), 100);
}
END_TEST

START_TEST(without_memory_there_is_no_store)
{
    struct store failed;
    memory_allow(0);
    ck_assert_int_eq(store_init(&failed), -1);
}
END_TEST

START_TEST(without_memory_a_new_user_changes_nothing)
{
    enum store_result result = STORE_NO_MEMORY;
    memory_allow_all();
    open_store();
    add("alice", 100);
    for (int count = 0; result != STORE_ADDED; count++) {
        int64_t balance = 7;
        ck_assert_int_lt(count, 100);
        memory_allow(count);
        result = store_add(&store, "bob", 1, &balance);
        ck_assert_int_eq(balance, result == STORE_ADDED ? 1 : 7);
        ck_assert_int_eq(store_get(&store, "bob", &balance),
                         result == STORE_ADDED);
    }
    memory_allow_all();
    must_be_written_as("{\"alice\":100,\"bob\":1}");
    close_store();
}
END_TEST

START_TEST(a_known_user_needs_no_memory)
{
    memory_allow_all();
    open_store();
    add("alice", 100);
    memory_allow(0);
    ck_assert_int_eq(add("alice", 100), 200);
    ck_assert_int_eq(balance_of("alice"), 200);
    close_store();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *sums = tcase_create("sums");
    tcase_add_checked_fixture(sums, open_store, close_store);
    tcase_add_test(sums, reading_a_balance_does_not_add_a_user);
    tcase_add_test(sums, amounts_are_summed_for_each_user);
    tcase_add_test(sums, an_amount_of_0_adds_a_user);
    tcase_add_test(sums, balances_are_written_in_the_order_of_the_first_events);
    tcase_add_test(sums, writing_appends_to_the_buffer);
    unit_add_rows(sums, a_sum_beyond_64_bits_changes_nothing, edges);
    tcase_add_test(sums, after_an_overflow_the_balance_can_still_change);
    tcase_add_test(sums, the_largest_balances_are_written_to_the_last_digit);
    tcase_add_test(sums, unusual_names_are_unchanged);
    tcase_add_test(sums, a_thousand_users_have_a_thousand_balances);
    tcase_add_test(sums, two_stores_share_no_balance);
    suite_add_tcase(suite, sums);
    TCase *memory = tcase_create("memory");
    tcase_add_test(memory, without_memory_there_is_no_store);
    tcase_add_test(memory, without_memory_a_new_user_changes_nothing);
    tcase_add_test(memory, a_known_user_needs_no_memory);
    suite_add_tcase(suite, memory);
    return unit_run(suite);
}
