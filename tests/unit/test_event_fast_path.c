// test_event_fast_path.c - what the fast path accepts, jansson decodes alike
//
// Whatever the fast path accepts, jansson must accept, with the same values.
// Some hundred thousand texts are tried, each before a page without access;
// tests/fuzz/fuzz_event.c tries more.

#include "lib/event/event_fast_path.h"
#include "lib/event/event_jansson.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"
#include "tests/unit/unit.h"

enum { JSON_MAX = 512 };      // in bytes
enum { ROUNDS = 20000 };      // for each text
enum { CHANGES_MAX = 4 };     // in one text
enum { ACCEPTED_MIN = 1000 }; // else too few were compared

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define EVENT(user, amount)                                                    \
    "{\"user\":\"" user "\",\"action\":\"buy\",\"amount\":" amount "}"

static struct guard guard;

static void open_guard(void)
{
    guard_init(&guard, JSON_MAX + CHANGES_MAX * MUTATE_MAX);
}

static void close_guard(void)
{
    guard_destroy(&guard);
}

static const char *const usual[] = {
    EVENT("alice", "100"),
    "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}",
    "{\"amount\":-5,\"action\":\"sell\",\"user\":\"bob\"}",
    " \t\r\n{ \"action\" : \"b\" , \"user\" : \"a\" , \"amount\" : 1 } \n",
    EVENT(" a {b}: [c], ~", "0"),
    EVENT(HUNDRED TEN TEN "0123456", "-0"),
    EVENT("a", "999999999999999999"),
    EVENT("a", "-999999999999999999"),
};

// Most of these are not events; the others have an unusual form.
static const char *const others[] = {
    "",
    "{}",
    EVENT("", "1"),
    EVENT(HUNDRED TEN TEN "01234567", "1"),
    EVENT("a\\u0062", "1"),
    EVENT("a\\\"b", "1"),
    EVENT("a\tb", "1"),
    EVENT("a\t", "1"),
    EVENT("\xc3\xa4", "1"),
    EVENT("\xff", "1"),
    EVENT("a\x7f", "1"),
    EVENT("a", "1.5"),
    EVENT("a", "1e2"),
    EVENT("a", "01"),
    EVENT("a", "-"),
    EVENT("a", "- 1"),
    EVENT("a", "+1"),
    EVENT("a", "--1"),
    EVENT("a", ""),
    EVENT("a", "\"1\""),
    EVENT("a", "1000000000000000000"),
    EVENT("a", "9223372036854775807"),
    EVENT("a", "9223372036854775808"),
    EVENT("a", "1") "x",
    EVENT("a", "1") "{}",
    EVENT("a", "1,"),
    EVENT("a", "1,\"x\":1"),
    EVENT("a", "1,\"amount\":1"),
    "{,\"user\":\"a\",\"action\":\"b\",\"amount\":1}",
    "{\"user\":\"a\",\"user\":\"a\",\"amount\":1}",
    "{\"user\":\"a\",\"action\":\"b\"}",
    "{\"\\u0075ser\":\"a\",\"action\":\"b\",\"amount\":1}",
    "{\"User\":\"a\",\"action\":\"b\",\"amount\":1}",
    "{'user':'a','action':'b','amount':1}",
    "[\"user\",\"a\",\"action\",\"b\",\"amount\",1]",
};

static bool is_accepted(struct slice json, struct event *event)
{
    memset(event, 1, sizeof *event);
    const char *copy = guard_place(&guard, json);
    return event_decode_fast((struct slice){copy, json.length}, event);
}

// Returns whether the fast path accepts it.
static bool check(struct slice json)
{
    struct event one;
    struct event other;
    struct event_fault fault;
    if (!is_accepted(json, &one))
        return false;
    ck_assert_msg(event_decode_jansson(json, &other, &fault), "%.*s: %s",
                  (int)json.length, json.bytes, fault.detail);
    ck_assert_str_eq(one.user, other.user);
    ck_assert_str_eq(one.action, other.action);
    ck_assert_int_eq(one.amount, other.amount);
    return true;
}

START_TEST(a_usual_event_takes_the_fast_path)
{
    ck_assert_msg(check(slice_of(usual[_i])), "%s", usual[_i]);
}
END_TEST

START_TEST(everything_else_is_left_to_jansson)
{
    ck_assert_msg(!check(slice_of(others[_i])), "%s", others[_i]);
}
END_TEST

START_TEST(a_prefix_of_an_event_is_not_accepted)
{
    size_t length = strlen(usual[0]);
    for (size_t given = 0; given < length; given++)
        ck_assert(!check((struct slice){usual[0], given}));
}
END_TEST

// How many of the changed texts the fast path accepts.
static int count_accepted(struct slice text, uint32_t seed)
{
    char json[JSON_MAX + CHANGES_MAX * MUTATE_MAX];
    int accepted = 0;
    for (int i = 0; i < ROUNDS; i++) {
        size_t length = text.length;
        memcpy(json, text.bytes, length);
        size_t changes = 1 + random_below(&seed, CHANGES_MAX);
        while (changes-- > 0)
            length = mutate(json, length, &seed);
        accepted += check((struct slice){json, length});
    }
    return accepted;
}

START_TEST(fast_path_and_jansson_agree_on_changed_events)
{
    int accepted = 0;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        accepted += count_accepted(slice_of(usual[i]), (uint32_t)i + 1);
    ck_assert_int_ge(accepted, ACCEPTED_MIN);
}
END_TEST

// jansson decodes what the fast path does not, and gives the detail.
START_TEST(a_rejection_never_comes_from_the_fast_path)
{
    struct event event;
    struct event_fault fault;
    ck_assert(!event_decode(slice_of(EVENT("a", "1.5")), &event, &fault));
    ck_assert_str_eq(fault.detail, "amount: expected an integer");
}
END_TEST

static Suite *event_fast_path_suite(void)
{
    Suite *suite = suite_create("event_fast_path");
    TCase *tests = tcase_create("fast path");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, open_guard, close_guard);
    unit_add_rows(tests, a_usual_event_takes_the_fast_path, usual);
    unit_add_rows(tests, everything_else_is_left_to_jansson, others);
    tcase_add_test(tests, a_prefix_of_an_event_is_not_accepted);
    tcase_add_test(tests, fast_path_and_jansson_agree_on_changed_events);
    tcase_add_test(tests, a_rejection_never_comes_from_the_fast_path);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(event_fast_path_suite());
}
