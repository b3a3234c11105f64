// test_event_json.c - the bytes of an event: which JSON it may be written in

#include "lib/event/event.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ALICE "\"user\":\"alice\",\"action\":\"buy\",\"amount\":100"

static struct event event;
static char detail[EVENT_DETAIL_SIZE];

// Whatever is in the bytes, the detail is a line of a terminal, and not empty.
static void must_be_printable(void)
{
    const char *end = memchr(detail, '\0', sizeof detail);
    ck_assert_msg(end != NULL && end > detail, "a detail without end, or none");
    for (const char *at = detail; at < end; at++)
        ck_assert_msg(*at >= ' ' && *at <= '~', "byte %d is 0x%02x in: %s",
                      (int)(at - detail), (unsigned char)*at, detail);
}

static bool decode(struct slice json)
{
    struct guard guard;
    guard_init(&guard, json.length);
    const char *bytes = guard_place(&guard, json);
    memset(detail, '\x01', sizeof detail);
    bool valid =
        event_decode((struct slice){bytes, json.length}, &event, detail);
    if (!valid)
        must_be_printable();
    guard_destroy(&guard);
    return valid;
}

// Said once as "invalid JSON", when the fault was a header.
START_TEST(an_empty_body_asks_for_the_content_length)
{
    ck_assert(!decode((struct slice){NULL, 0}));
    ck_assert_str_eq(detail, "empty body: no Content-Length?");
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} events[] = {
    {"bare", SLICE("{" ALICE "}")},
    {"a newline at the end, as echo sends it", SLICE("{" ALICE "}\n")},
    {"all white space that JSON has", SLICE(" \t\r\n{" ALICE "}\n\r\t ")},
    {"a key written in escapes",
     SLICE("{\"\\u0075ser\":\"alice\",\"action\":\"buy\",\"amount\":100}")},
    {"an empty key among the others", SLICE("{" ALICE ",\"\":{}}")},
};

START_TEST(an_event_may_be_written_so)
{
    ck_assert_msg(decode(events[_i].json), "%s: %s", events[_i].name, detail);
    ck_assert_str_eq(event.user, "alice");
    ck_assert_str_eq(event.action, "buy");
    ck_assert_int_eq(event.amount, 100);
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} others[] = {
    {"an array", SLICE("[]")},
    {"an event in an array", SLICE("[{" ALICE "}]")},
    {"a string", SLICE("\"alice\"")},
    {"a number", SLICE("100")},
    {"a literal", SLICE("null")},
};

START_TEST(other_json_is_told_that_an_object_was_expected)
{
    ck_assert_msg(!decode(others[_i].json), "%s", others[_i].name);
    ck_assert_str_eq(detail, "expected an object with user, action and amount");
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} broken[] = {
    {"white space alone", SLICE(" \n")},
    {"words", SLICE("hello")},
    {"a form, as curl -d sends it", SLICE("user=alice&amount=100")},
    {"another request, pasted", SLICE("GET / HTTP/1.1\r\n\r\n")},
    {"without an end", SLICE("{" ALICE)},
    {"an end too many", SLICE("{" ALICE "}}")},
    {"a comma too many", SLICE("{" ALICE ",}")},
    {"two events", SLICE("{" ALICE "}{" ALICE "}")},
    {"a second event on its own line", SLICE("{" ALICE "}\n{" ALICE "}\n")},
    {"bytes behind it", SLICE("{" ALICE "}x")},
    {"a NUL behind it", SLICE("{" ALICE "}\0")},
    {"a comment", SLICE("{" ALICE "} // buy")},
    {"single quotes", SLICE("{'user':'alice'}")},
    {"no quotes", SLICE("{user:\"alice\"}")},
    {"a NUL alone", SLICE("\0")},
    {"a NUL in a string", SLICE("{" ALICE ",\"x\":\"a\0b\"}")},
    {"a NUL as an escape", SLICE("{" ALICE ",\"x\":\"\\u0000\"}")},
    {"a NUL in a key", SLICE("{" ALICE ",\"x\\u0000\":1}")},
    {"a line break in a string", SLICE("{" ALICE ",\"x\":\"a\nb\"}")},
    {"an ESC in a string", SLICE("{" ALICE ",\"x\":\"\x1b[31m\"}")},
    {"an unknown escape", SLICE("{" ALICE ",\"x\":\"\\x41\"}")},
    {"half an escape", SLICE("{" ALICE ",\"x\":\"\\u004\"}")},
    // Two halves that make one character only together (RFC 8259, 8.2).
    {"a high surrogate alone", SLICE("{" ALICE ",\"x\":\"\\ud83d\"}")},
    {"a low surrogate alone", SLICE("{" ALICE ",\"x\":\"\\ude00\"}")},
    {"surrogates the wrong way", SLICE("{" ALICE ",\"x\":\"\\ude00\\ud83d\"}")},
    {"two high surrogates", SLICE("{" ALICE ",\"x\":\"\\ud83d\\ud83d\"}")},
    {"a surrogate in UTF-8", SLICE("{" ALICE ",\"x\":\"\xed\xa0\xbd\"}")},
    // RFC 3629
    {"a byte that UTF-8 never has", SLICE("{" ALICE ",\"x\":\"\xff\"}")},
    {"latin-1", SLICE("{" ALICE ",\"x\":\"Ren\xe9\"}")},
    {"a continuation alone", SLICE("{" ALICE ",\"x\":\"\x80\"}")},
    {"cut off in a character", SLICE("{" ALICE ",\"x\":\"\xe2\x82\"}")},
    {"cut off, and at the end", SLICE("{" ALICE ",\"x\":\"\xe2\x82")},
    {"a slash in two bytes", SLICE("{" ALICE ",\"x\":\"\xc0\xaf\"}")},
    {"beyond U+10FFFF", SLICE("{" ALICE ",\"x\":\"\xf4\x90\x80\x80\"}")},
    {"no UTF-8 outside of strings", SLICE("{" ALICE "}\xff")},
    // RFC 8259, section 8.1: senders must not add one.
    {"a byte order mark", SLICE("\xef\xbb\xbf{" ALICE "}")},
    {"UTF-16", SLICE("\xff\xfe{\0\"\0u\0")},
    {"compressed", SLICE("\x1f\x8b\x08\0\0\0\0\0")},
};

START_TEST(what_is_no_json_is_refused_by_its_byte)
{
    ck_assert_msg(!decode(broken[_i].json), "%s: was taken for an event",
                  broken[_i].name);
    ck_assert_msg(strncmp(detail, "byte ", 5) == 0, "%s: %s", broken[_i].name,
                  detail);
    ck_assert_int_le(atoi(detail + 5), (int)broken[_i].json.length);
}
END_TEST

START_TEST(every_proper_prefix_of_an_event_is_refused)
{
    struct slice whole = SLICE("{" ALICE "}");
    for (size_t length = 0; length < whole.length; length++)
        ck_assert_msg(!decode((struct slice){whole.bytes, length}), "%d bytes",
                      (int)length);
    ck_assert(decode(whole));
}
END_TEST

// An event with a key that holds arrays in arrays, so many deep.
static bool decode_nested(size_t depth)
{
    struct slice start = SLICE("{" ALICE ",\"x\":");
    size_t length = start.length + 2 * depth + 1;
    char *json = malloc(length);
    ck_assert_ptr_nonnull(json);
    memcpy(json, start.bytes, start.length);
    memset(json + start.length, '[', depth);
    memset(json + start.length + depth, ']', depth);
    json[length - 1] = '}';
    bool valid = decode((struct slice){json, length});
    free(json);
    return valid;
}

// A parser that calls itself has the client choose the size of its stack.
START_TEST(depth_has_an_end_before_the_stack_has)
{
    ck_assert_msg(decode_nested(100), "%s", detail);
    ck_assert(!decode_nested(100000));
    ck_assert_int_eq(strncmp(detail, "byte ", 5), 0);
}
END_TEST

// What is quoted in the detail is the client's, and may be long.
START_TEST(a_long_body_of_nonsense_has_a_short_detail)
{
    enum { LENGTH = 100 * 1000 };
    char *body = malloc(LENGTH);
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', LENGTH);
    ck_assert(!decode((struct slice){body, LENGTH}));
    memset(body, '\x9b', LENGTH);
    ck_assert(!decode((struct slice){body, LENGTH}));
    free(body);
}
END_TEST

START_TEST(a_changed_event_is_an_event_or_a_printable_refusal)
{
    enum { ROUNDS = 3000, CHANGES = 8, ROOM = 512 };
    struct slice whole = SLICE("{" ALICE ",\"x\":[\"\\u00e9\xc3\xa9\",-1e2]}");
    uint32_t seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        char json[ROOM];
        size_t length = whole.length;
        memcpy(json, whole.bytes, length);
        for (int change = 0; change < round % CHANGES; change++)
            length = mutate(json, length, &seed);
        if (decode((struct slice){json, length}))
            ck_assert_uint_ge(strnlen(event.user, sizeof event.user), 1);
    }
}
END_TEST

static atomic_int wrong;

static void *decode_often(void *argument)
{
    static const struct slice json = SLICE("{" ALICE "}");
    for (int i = 0; i < 1000; i++) {
        struct event mine;
        char text[EVENT_DETAIL_SIZE];
        if (!event_decode(json, &mine, text) || mine.amount != 100)
            atomic_fetch_add(&wrong, 1);
        if (event_decode((struct slice)SLICE("{}"), &mine, text))
            atomic_fetch_add(&wrong, 1);
    }
    return argument;
}

START_TEST(threads_decode_at_the_same_time)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, decode_often, NULL),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&wrong), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event");
    TCase *json = tcase_create("json");
    tcase_set_timeout(json, 60);
    tcase_add_test(json, an_empty_body_asks_for_the_content_length);
    unit_add_rows(json, an_event_may_be_written_so, events);
    unit_add_rows(json, other_json_is_told_that_an_object_was_expected, others);
    unit_add_rows(json, what_is_no_json_is_refused_by_its_byte, broken);
    tcase_add_test(json, every_proper_prefix_of_an_event_is_refused);
    tcase_add_test(json, depth_has_an_end_before_the_stack_has);
    tcase_add_test(json, a_long_body_of_nonsense_has_a_short_detail);
    tcase_add_test(json, a_changed_event_is_an_event_or_a_printable_refusal);
    tcase_add_test(json, threads_decode_at_the_same_time);
    suite_add_tcase(suite, json);
    return unit_run(suite);
}
