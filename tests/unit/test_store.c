// test_store.c - the balances

#include "lib/store/store.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { LIMIT = 1000 };

static struct store store;

static void open_store(void)
{
    store = (struct store){.users_max = LIMIT};
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
    struct store other = {.users_max = 1};
    int64_t balance;
    ck_assert_int_eq(store_init(&other), 0);
    add("alice", 100);
    ck_assert(!store_get(&other, "alice", &balance));
    store_destroy(&other);
    ck_assert_int_eq(balance_of("alice"), 100);
}
END_TEST

// The name as bytes of its own choice, after its number.
static void name_user(char name[STORE_NAME_MAX + 1], int number, char filler)
{
    memset(name, filler, STORE_NAME_MAX);
    name[STORE_NAME_MAX] = '\0';
    memcpy(name + snprintf(name, STORE_NAME_MAX, "%d", number), &filler, 1);
}

static enum store_result try_add(const char *user)
{
    int64_t balance = 7;
    enum store_result result = store_add(&store, user, 1, &balance);
    ck_assert_int_eq(balance, result == STORE_ADDED ? 1 : 7);
    return result;
}

START_TEST(a_user_beyond_the_limit_changes_nothing)
{
    char user[STORE_NAME_MAX + 1];
    for (int i = 0; i < LIMIT; i++) {
        name_user(user, i, 'x'); // the longest names without escapes
        ck_assert_int_eq(try_add(user), STORE_ADDED);
    }
    json_t *before = written_and_read();
    ck_assert_int_eq(try_add("alice"), STORE_FULL);
    ck_assert_int_eq(try_add("a"), STORE_FULL);
    ck_assert(!store_get(&store, "alice", &(int64_t){0}));
    json_t *after = written_and_read();
    ck_assert(json_equal(before, after));
    ck_assert_uint_eq(json_object_size(after), LIMIT);
    json_decref(before);
    json_decref(after);
}
END_TEST

// Short names: there is room for more of them.
START_TEST(at_the_limit_known_users_still_get_their_amounts)
{
    char user[16];
    for (int i = 0; i < LIMIT; i++) {
        snprintf(user, sizeof user, "%d", i);
        add(user, i);
    }
    ck_assert_int_eq(try_add("alice"), STORE_FULL);
    for (int i = 0; i < LIMIT; i++) {
        snprintf(user, sizeof user, "%d", i);
        ck_assert_int_eq(add(user, 1), i + 1);
    }
}
END_TEST

// A byte that is written as \u0001 takes six times its memory.
START_TEST(names_with_many_escapes_reach_the_limit_earlier)
{
    char user[STORE_NAME_MAX + 1];
    int added = 0;
    do
        name_user(user, added, '\1');
    while (try_add(user) == STORE_ADDED && ++added < LIMIT);
    ck_assert_int_ge(added, LIMIT / 6);
    ck_assert_int_lt(added, LIMIT / 5);
    ck_assert_int_eq(try_add("alice"), STORE_ADDED); // it is short
    json_decref(written_and_read());
}
END_TEST

// As if a client had found names with the same hash.
START_TEST(users_that_share_a_chain_have_balances_of_their_own)
{
    char user[STORE_NAME_MAX + 1];
    store.point = 0;
    for (int i = 0; i < LIMIT; i++) {
        name_user(user, i, 'x');
        add(user, i);
    }
    for (int i = 0; i < LIMIT; i++) {
        name_user(user, i, 'x');
        ck_assert_int_eq(balance_of(user), i);
    }
    ck_assert(!store_get(&store, "alice", &(int64_t){0}));
}
END_TEST

// So a client cannot choose names that share a chain.
START_TEST(each_store_has_random_numbers_of_its_own)
{
    struct store other = {.users_max = LIMIT};
    ck_assert_int_eq(store_init(&other), 0);
    ck_assert(other.point != store.point || other.factor != store.factor);
    ck_assert(other.point > 0 && other.factor > 0);
    store_destroy(&other);
}
END_TEST

// A random character: a control character, ASCII, or one of two to four bytes.
static char *add_character(char *out)
{
    static const unsigned maxima[] = {0x20,  0x80,    0x80,
                                      0x800, 0x10000, 0x110000};
    unsigned maximum = maxima[rand() % 6];
    unsigned point = ((unsigned)rand() * 16384U + (unsigned)rand()) % maximum;
    if (point == 0 || (point >= 0xd800 && point < 0xe000))
        point = '"';
    int more = (point >= 0x80) + (point >= 0x800) + (point >= 0x10000);
    static const unsigned leads[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(leads[more] | point >> 6 * more);
    while (more-- > 0)
        *out++ = (char)(0x80 | (point >> 6 * more & 0x3f));
    return out;
}

static const char *random_name(char name[STORE_NAME_MAX + 1])
{
    char *end = name;
    const char *wanted = name + rand() % (STORE_NAME_MAX - 3);
    do
        end = add_character(end);
    while (end < wanted);
    *end = '\0';
    return name;
}

START_TEST(random_names_are_written_as_jansson_writes_them)
{
    enum { NAMES = 10000 };
    json_t *expected = json_object();
    struct store many = {.users_max = 6 * NAMES}; // so all escapes fit
    ck_assert_int_eq(store_init(&many), 0);
    srand(11);
    for (int i = 0; i < NAMES; i++) {
        char name[STORE_NAME_MAX + 1];
        int64_t balance = (int64_t)((uint64_t)rand() << 40 ^ (uint64_t)i);
        random_name(name);
        if (json_object_get(expected, name) != NULL)
            continue;
        json_object_set_new(expected, name, json_integer(balance));
        ck_assert_int_eq(store_add(&many, name, balance, &balance),
                         STORE_ADDED);
    }
    store_destroy(&store);
    store = many;
    char *text = json_dumps(expected, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    must_be_written_as(text);
    free(text);
    json_decref(expected);
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
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_store, close_store);
    tcase_add_test(limits, a_user_beyond_the_limit_changes_nothing);
    tcase_add_test(limits, at_the_limit_known_users_still_get_their_amounts);
    tcase_add_test(limits, names_with_many_escapes_reach_the_limit_earlier);
    tcase_add_test(limits, users_that_share_a_chain_have_balances_of_their_own);
    tcase_add_test(limits, each_store_has_random_numbers_of_its_own);
    suite_add_tcase(suite, limits);
    TCase *json = tcase_create("json");
    tcase_add_checked_fixture(json, open_store, close_store);
    tcase_set_timeout(json, 60);
    tcase_add_test(json, random_names_are_written_as_jansson_writes_them);
    suite_add_tcase(suite, json);
    return unit_run(suite);
}
