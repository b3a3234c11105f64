// test_event_plain.c - the shortcut says what jansson says, or nothing
//
// Whatever it takes, the long way must take too, with the same values. That is
// tried with some hundred thousand texts, each in front of a page that nobody
// may touch; tests/fuzz/fuzz_event.c goes on with that for as long as you like.

#include "lib/event/event_fast_path.h"
#include "lib/event/event_jansson.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"
#include "tests/unit/unit.h"

enum { JSON_MAX = 512 };   // in bytes
enum { ROUNDS = 20000 };   // for each text
enum { CHANGES_MAX = 4 };  // in one text
enum { TAKEN_MIN = 1000 }; // so many must be taken, or nothing was compared

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

static const char *const plain[] = {
    EVENT("alice", "100"),
    "{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}",
    "{\"amount\":-5,\"action\":\"sell\",\"user\":\"bob\"}",
    " \t\r\n{ \"action\" : \"b\" , \"user\" : \"a\" , \"amount\" : 1 } \n",
    EVENT(" a {b}: [c], ~", "0"),
    EVENT(HUNDRED TEN TEN "0123456", "-0"),
    EVENT("a", "999999999999999999"),
    EVENT("a", "-999999999999999999"),
};

// Most of these are no event at all; some are, and jansson finds out.
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

static bool is_taken(struct slice json, struct event *event)
{
    memset(event, 1, sizeof *event);
    const char *place = guard_place(&guard, json);
    return event_decode_fast((struct slice){place, json.length}, event);
}

// Returns whether the shortcut took it.
static bool check(struct slice json)
{
    struct event one;
    struct event other;
    char detail[EVENT_DETAIL_SIZE];
    if (!is_taken(json, &one))
        return false;
    ck_assert_msg(event_decode_jansson(json, &other, detail), "%.*s: %s",
                  (int)json.length, json.bytes, detail);
    ck_assert_str_eq(one.user, other.user);
    ck_assert_str_eq(one.action, other.action);
    ck_assert_int_eq(one.amount, other.amount);
    return true;
}

START_TEST(a_plain_event_takes_the_shortcut)
{
    ck_assert_msg(check(slice_of(plain[_i])), "%s", plain[_i]);
}
END_TEST

START_TEST(all_else_is_left_to_jansson)
{
    ck_assert_msg(!check(slice_of(others[_i])), "%s", others[_i]);
}
END_TEST

START_TEST(a_beginning_is_not_taken_for_the_whole)
{
    size_t length = strlen(plain[0]);
    for (size_t given = 0; given < length; given++)
        ck_assert(!check((struct slice){plain[0], given}));
}
END_TEST

// How many of the changed texts the shortcut took.
static int count_taken(struct slice text, uint32_t seed)
{
    char json[JSON_MAX + CHANGES_MAX * MUTATE_MAX];
    int taken = 0;
    for (int i = 0; i < ROUNDS; i++) {
        size_t length = text.length;
        memcpy(json, text.bytes, length);
        size_t changes = 1 + random_below(&seed, CHANGES_MAX);
        while (changes-- > 0)
            length = mutate(json, length, &seed);
        taken += check((struct slice){json, length});
    }
    return taken;
}

START_TEST(both_ways_agree_on_texts_with_small_changes)
{
    int taken = 0;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        taken += count_taken(slice_of(plain[i]), (uint32_t)i + 1);
    ck_assert_int_ge(taken, TAKEN_MIN);
}
END_TEST

// What is refused is told why, shortcut or not.
START_TEST(a_refusal_never_comes_from_the_shortcut)
{
    struct event event;
    char detail[EVENT_DETAIL_SIZE] = "";
    ck_assert(!event_decode(slice_of(EVENT("a", "1.5")), &event, detail));
    ck_assert_str_eq(detail, "amount: expected an integer");
}
END_TEST

static Suite *event_plain_suite(void)
{
    Suite *suite = suite_create("event plain");
    TCase *tests = tcase_create("shortcut");
    tcase_set_timeout(tests, 60); // in seconds
    tcase_add_checked_fixture(tests, open_guard, close_guard);
    unit_add_rows(tests, a_plain_event_takes_the_shortcut, plain);
    unit_add_rows(tests, all_else_is_left_to_jansson, others);
    tcase_add_test(tests, a_beginning_is_not_taken_for_the_whole);
    tcase_add_test(tests, both_ways_agree_on_texts_with_small_changes);
    tcase_add_test(tests, a_refusal_never_comes_from_the_shortcut);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return unit_run(event_plain_suite());
}
