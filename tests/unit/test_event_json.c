// test_event_json.c - the bytes of an event: which JSON is valid

#include "lib/event/event.h"
#include "lib/base/buffer.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ALICE "\"user\":\"alice\",\"action\":\"buy\",\"amount\":100"

static struct event event;
static struct event_fault fault;

// Whatever the client sends, the detail is one printable line, and not empty.
static void must_be_printable(void)
{
    const char *end = memchr(fault.detail, '\0', sizeof fault.detail);
    ck_assert_msg(end != NULL && end > fault.detail,
                  "the detail is empty, or has no NUL");
    for (const char *at = fault.detail; at < end; at++)
        ck_assert_msg(*at >= ' ' && *at <= '~', "byte %d is 0x%02x in: %s",
                      (int)(at - fault.detail), (unsigned char)*at,
                      fault.detail);
}

static bool decode(struct slice json)
{
    struct guard guard;
    guard_init(&guard, json.length);
    const char *bytes = guard_place(&guard, json);
    memset(&fault, '\x01', sizeof fault);
    bool valid =
        event_decode((struct slice){bytes, json.length}, &event, &fault);
    if (!valid)
        must_be_printable();
    guard_destroy(&guard);
    return valid;
}

// "invalid JSON" would mislead: the usual fault is a missing header field.
START_TEST(the_detail_of_an_empty_body_names_content_length)
{
    ck_assert(!decode((struct slice){NULL, 0}));
    ck_assert_str_eq(fault.reason, "invalid_json");
    ck_assert_str_eq(fault.detail, "empty body: no Content-Length?");
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} events[] = {
    {"without white space", SLICE("{" ALICE "}")},
    {"a newline at the end, which echo adds", SLICE("{" ALICE "}\n")},
    {"all white space of JSON", SLICE(" \t\r\n{" ALICE "}\n\r\t ")},
    {"a key written in escapes",
     SLICE("{\"\\u0075ser\":\"alice\",\"action\":\"buy\",\"amount\":100}")},
    {"an empty key among the others", SLICE("{" ALICE ",\"\":{}}")},
    {"the same key in two objects",
     SLICE("{" ALICE ",\"x\":{\"user\":1},\"y\":[{\"z\":1},{\"z\":1}]}")},
    {"the largest and the smallest numbers",
     SLICE("{" ALICE ",\"x\":[9223372036854775807,-9223372036854775808,"
           "1.7976931348623157e308,-1e308,-0,-0.0,0e0]}")},
    {"a number nearer to 0 than any double", SLICE("{" ALICE ",\"x\":1e-999}")},
    {"a pair of surrogates", SLICE("{" ALICE ",\"x\":\"\\ud83d\\ude00\"}")},
    {"the first and the last code point of each length",
     SLICE("{" ALICE ",\"x\":\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf"
           "\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}")},
    {"a mark and a bracket in a string",
     SLICE("{" ALICE ",\"[{\\\"[{\":\"]}\\\\\"}")},
};

START_TEST(an_event_may_have_any_valid_form)
{
    ck_assert_msg(decode(events[_i].json), "%s: %s", events[_i].name,
                  fault.detail);
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

START_TEST(the_detail_of_other_json_says_that_an_object_is_expected)
{
    ck_assert_msg(!decode(others[_i].json), "%s", others[_i].name);
    ck_assert_str_eq(fault.reason, "invalid_event");
    ck_assert_str_eq(fault.detail,
                     "expected an object with user, action and amount");
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} broken[] = {
    {"white space alone", SLICE(" \n")},
    {"words", SLICE("hello")},
    {"a form, the default of curl -d", SLICE("user=alice&amount=100")},
    {"another request, pasted", SLICE("GET / HTTP/1.1\r\n\r\n")},
    {"without its end", SLICE("{" ALICE)},
    {"one brace too many", SLICE("{" ALICE "}}")},
    {"one comma too many", SLICE("{" ALICE ",}")},
    {"two events", SLICE("{" ALICE "}{" ALICE "}")},
    {"a second event on its own line", SLICE("{" ALICE "}\n{" ALICE "}\n")},
    {"bytes after it", SLICE("{" ALICE "}x")},
    {"a NUL after it", SLICE("{" ALICE "}\0")},
    // jansson 2.14 overlooks these: it puts the byte after a number or a word
    // back, and takes a NUL that was put back for none.
    {"a NUL after a number",
     SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":1\0}")},
    {"a NUL after a minus", SLICE("{" ALICE ",\"x\":-\0"
                                  "1}")},
    {"a NUL after a fraction", SLICE("{" ALICE ",\"x\":1.5\0}")},
    {"a NUL after an exponent", SLICE("{" ALICE ",\"x\":1.5e3\0}")},
    {"a NUL after true", SLICE("{" ALICE ",\"x\":true\0}")},
    {"a NUL after false", SLICE("{" ALICE ",\"x\":[false\0]}")},
    {"a NUL after null", SLICE("{" ALICE ",\"x\":null\0,\"y\":1}")},
    {"a NUL after a number in an array", SLICE("{" ALICE ",\"x\":[1\0,2]}")},
    {"NULs after a number", SLICE("{" ALICE ",\"x\":1\0\0\0}")},
    {"a NUL between digits", SLICE("{" ALICE ",\"x\":1\0"
                                   "2}")},
    {"a NUL in a word", SLICE("{" ALICE ",\"x\":tr\0ue}")},
    {"a NUL before the event", SLICE("\0{" ALICE "}")},
    {"a NUL among white space", SLICE("{" ALICE " \0 }")},
    {"a NUL before a colon", SLICE("{" ALICE ",\"x\"\0:1}")},
    {"a NUL after a colon", SLICE("{" ALICE ",\"x\":\0"
                                  "1}")},
    {"a NUL after a comma", SLICE("{" ALICE ",\0\"x\":1}")},
    {"a number alone and a NUL", SLICE("1\0")},
    {"a comment", SLICE("{" ALICE "} // buy")},
    {"single quotes", SLICE("{'user':'alice'}")},
    {"no quotes", SLICE("{user:\"alice\"}")},
    {"a NUL alone", SLICE("\0")},
    {"a NUL in a string", SLICE("{" ALICE ",\"x\":\"a\0b\"}")},
    {"a line break in a string", SLICE("{" ALICE ",\"x\":\"a\nb\"}")},
    {"an ESC in a string", SLICE("{" ALICE ",\"x\":\"\x1b[31m\"}")},
    {"an unknown escape", SLICE("{" ALICE ",\"x\":\"\\x41\"}")},
    {"half an escape", SLICE("{" ALICE ",\"x\":\"\\u004\"}")},
    // Only a pair of surrogates is a character (RFC 8259, 8.2). In an escape,
    // half of one gets the same reason as in UTF-8.
    {"a high surrogate alone", SLICE("{" ALICE ",\"x\":\"\\ud83d\"}")},
    {"a low surrogate alone", SLICE("{" ALICE ",\"x\":\"\\ude00\"}")},
    {"surrogates the wrong way", SLICE("{" ALICE ",\"x\":\"\\ude00\\ud83d\"}")},
    {"two high surrogates", SLICE("{" ALICE ",\"x\":\"\\ud83d\\ud83d\"}")},
    {"a surrogate in UTF-8", SLICE("{" ALICE ",\"x\":\"\xed\xa0\xbd\"}")},
    // RFC 3629
    {"a byte that UTF-8 never has", SLICE("{" ALICE ",\"x\":\"\xff\"}")},
    {"latin-1", SLICE("{" ALICE ",\"x\":\"Ren\xe9\"}")},
    {"a continuation alone", SLICE("{" ALICE ",\"x\":\"\x80\"}")},
    {"a character that is cut off", SLICE("{" ALICE ",\"x\":\"\xe2\x82\"}")},
    {"the same at the end of the bytes", SLICE("{" ALICE ",\"x\":\"\xe2\x82")},
    {"a slash in two bytes", SLICE("{" ALICE ",\"x\":\"\xc0\xaf\"}")},
    {"a slash in three bytes", SLICE("{" ALICE ",\"x\":\"\xe0\x80\xaf\"}")},
    {"an overlong NUL", SLICE("{" ALICE ",\"x\":\"\xc0\x80\"}")},
    {"a surrogate in UTF-8 in a key", SLICE("{" ALICE ",\"\xed\xb0\x80\":1}")},
    {"beyond U+10FFFF", SLICE("{" ALICE ",\"x\":\"\xf4\x90\x80\x80\"}")},
    {"invalid UTF-8 outside of strings", SLICE("{" ALICE "}\xff")},
    // Clients must not add one (RFC 8259, 8.1).
    {"a byte order mark", SLICE("\xef\xbb\xbf{" ALICE "}")},
    {"UTF-16", SLICE("\xff\xfe{\0\"\0u\0")},
    {"compressed", SLICE("\x1f\x8b\x08\0\0\0\0\0")},
};

static void must_reject_a_byte(const char *name, struct slice json,
                               const char *reason)
{
    ck_assert_msg(!decode(json), "%s: was accepted", name);
    ck_assert_msg(fault.reason != NULL && strcmp(fault.reason, reason) == 0,
                  "%s: %s, and not %s", name, fault.reason, reason);
    ck_assert_msg(strncmp(fault.detail, "byte ", 5) == 0, "%s: %s", name,
                  fault.detail);
    ck_assert_msg(atoi(fault.detail + 5) >= 1, "%s: %s", name, fault.detail);
    ck_assert_int_le(atoi(fault.detail + 5), (int)json.length);
}

START_TEST(invalid_json_is_rejected_with_the_number_of_its_byte)
{
    must_reject_a_byte(broken[_i].name, broken[_i].json, "invalid_json");
}
END_TEST

static const struct {
    const char *name;
    struct slice json;
} beyond[] = {
    // Numbers that are ignored have a range, too.
    {"an integer beyond 64 bits",
     SLICE("{" ALICE ",\"x\":9223372036854775808}")},
    {"the same below 0", SLICE("{" ALICE ",\"x\":[-9223372036854775809]}")},
    {"a number beyond a double", SLICE("{" ALICE ",\"x\":1e999}")},
    {"the same below 0", SLICE("{" ALICE ",\"x\":{\"y\":-1.5E+309}}")},
    {"a duplicate key", SLICE("{" ALICE ",\"user\":\"alice\"}")},
    {"a duplicate key that is ignored", SLICE("{" ALICE ",\"x\":1,\"x\":1}")},
    {"an empty key twice", SLICE("{" ALICE ",\"\":1,\"\":1}")},
    {"a duplicate key three levels below",
     SLICE("{" ALICE ",\"x\":[{\"y\":{\"z\":1,\"z\":2}}]}")},
    {"a duplicate key in escapes", SLICE("{" ALICE ",\"x\":1,\"\\u0078\":1}")},
    {"a NUL as an escape", SLICE("{" ALICE ",\"x\":\"\\u0000\"}")},
    {"a NUL in a key", SLICE("{" ALICE ",\"x\\u0000\":1}")},
    // Of two faults, the first one counts.
    {"a duplicate key, and no end", SLICE("{" ALICE ",\"x\":1,\"x\":1")},
};

START_TEST(json_that_parsers_read_in_several_ways_is_an_invalid_event)
{
    must_reject_a_byte(beyond[_i].name, beyond[_i].json, "invalid_event");
}
END_TEST

static const struct {
    struct slice json;
    const char *byte;
} counted[] = {
    {SLICE("?"), "byte 1: "},
    {SLICE("}"), "byte 1: "},
    {SLICE("\xff"), "byte 1: "},
    {SLICE("{\xff"), "byte 2: "},
    {SLICE("{\"a\": \"\xff\"}"), "byte 8: "},
    {SLICE("{" ALICE "}?"), "byte 45: "},
    {SLICE("{" ALICE "}\xff"), "byte 45: "},
    {SLICE("hello"), "byte 5: "}, // the last one of the wrong word
    {SLICE("{\"a\":1\0}"), "byte 7: a NUL "},
    {SLICE("{\"a\":true\0\0}"), "byte 10: a NUL "},
    {SLICE("{" ALICE "}\0"), "byte 45: a NUL "},
};

START_TEST(the_bytes_of_a_detail_count_from_1)
{
    ck_assert(!decode(counted[_i].json));
    ck_assert_msg(
        strncmp(fault.detail, counted[_i].byte, strlen(counted[_i].byte)) == 0,
        "%s, expected %s", fault.detail, counted[_i].byte);
}
END_TEST

START_TEST(every_proper_prefix_of_an_event_is_rejected)
{
    struct slice whole = SLICE("{" ALICE "}");
    for (size_t length = 0; length < whole.length; length++)
        ck_assert_msg(!decode((struct slice){whole.bytes, length}), "%d bytes",
                      (int)length);
    ck_assert(decode(whole));
}
END_TEST

// An event with a key whose value is `depth` arrays, one in another.
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

// In a recursive parser, the client chooses how much of the stack is used. The
// event itself is the first level.
START_TEST(nesting_is_limited_before_the_stack_is_full)
{
    ck_assert_msg(decode_nested(EVENT_DEPTH_MAX - 1), "%s", fault.detail);
    ck_assert(!decode_nested(EVENT_DEPTH_MAX));
    ck_assert_str_eq(fault.detail, "byte 2096: too many levels of nesting");
    ck_assert_str_eq(fault.reason, "invalid_event");
    ck_assert(!decode_nested(30000));
    ck_assert_str_eq(fault.detail, "byte 2096: too many levels of nesting");
}
END_TEST

// Only brackets that are not in a string nest, and what is closed does not.
START_TEST(brackets_in_a_string_or_one_after_the_other_are_not_nested)
{
    static const char *const units[] = {"[{\\\"", "\\\\[", "]"};
    struct buffer json = {0};
    for (size_t row = 0; row < sizeof units / sizeof units[0]; row++) {
        buffer_clear(&json);
        buffer_add_text(&json, "{" ALICE ",\"x\":\"");
        for (int i = 0; i <= EVENT_DEPTH_MAX; i++)
            buffer_add_text(&json, units[row]);
        buffer_add_text(&json, "\",\"y\":[1");
        for (int i = 0; i <= EVENT_DEPTH_MAX; i++)
            buffer_add_text(&json, ",[],{}");
        buffer_add_text(&json, "]}");
        ck_assert_msg(decode(buffer_slice(&json)), "%s: %s", units[row],
                      fault.detail);
    }
    buffer_destroy(&json);
}
END_TEST

// What may begin a value counts: a comma, a bracket and a brace, if it is not
// in a string. Brackets in others need no comma, and take the longest to
// decode.
static const struct {
    const char *start;
    const char *value; // which adds so many
    int count;
} many_values[] = {
    {"[\",,,[{\"", ",1", 1},
    {"[1", ",[]", 2},
    {"[1", ",{}", 2},
    {"[1", ",[[[{\"\":[{}]}]]]", 7},
};

START_TEST(an_event_has_a_limit_of_values)
{
    struct buffer json = {0};
    buffer_add_text(&json, "{" ALICE ",\"x\":");
    buffer_add_text(&json, many_values[_i].start);
    int values = 5; // three commas, and the first of each kind of bracket
    for (; values + many_values[_i].count <= EVENT_VALUES_MAX;
         values += many_values[_i].count)
        buffer_add_text(&json, many_values[_i].value);
    for (; values < EVENT_VALUES_MAX; values++)
        buffer_add_text(&json, ",1");
    struct slice start = buffer_slice(&json);
    size_t length = start.length;
    buffer_add_text(&json, "]}");
    ck_assert_msg(decode(buffer_slice(&json)), "%s", fault.detail);
    json.length = length;
    buffer_add_text(&json, ",1]}");
    ck_assert(!decode(buffer_slice(&json)));
    char expected[EVENT_DETAIL_SIZE];
    snprintf(expected, sizeof expected, "byte %zu: too many values",
             length + 1);
    ck_assert_str_eq(fault.reason, "invalid_event");
    ck_assert_str_eq(fault.detail, expected);
    buffer_destroy(&json);
}
END_TEST

// The detail quotes the client's bytes, which may be many.
START_TEST(a_long_invalid_body_has_a_short_detail)
{
    enum { LENGTH = 1000 * 1000 };
    char *body = malloc(LENGTH);
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', LENGTH);
    ck_assert(!decode((struct slice){body, LENGTH}));
    memset(body, '\x9b', LENGTH);
    ck_assert(!decode((struct slice){body, LENGTH}));
    free(body);
}
END_TEST

START_TEST(a_changed_event_is_valid_or_has_a_printable_detail)
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
        struct event_fault other;
        if (!event_decode(json, &mine, &other) || mine.amount != 100)
            atomic_fetch_add(&wrong, 1);
        if (event_decode((struct slice)SLICE("{}"), &mine, &other))
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
    tcase_add_test(json, the_detail_of_an_empty_body_names_content_length);
    unit_add_rows(json, an_event_may_have_any_valid_form, events);
    unit_add_rows(
        json, the_detail_of_other_json_says_that_an_object_is_expected, others);
    unit_add_rows(json, the_bytes_of_a_detail_count_from_1, counted);
    unit_add_rows(json, invalid_json_is_rejected_with_the_number_of_its_byte,
                  broken);
    unit_add_rows(json,
                  json_that_parsers_read_in_several_ways_is_an_invalid_event,
                  beyond);
    tcase_add_test(json, every_proper_prefix_of_an_event_is_rejected);
    tcase_add_test(json, nesting_is_limited_before_the_stack_is_full);
    tcase_add_test(json,
                   brackets_in_a_string_or_one_after_the_other_are_not_nested);
    unit_add_rows(json, an_event_has_a_limit_of_values, many_values);
    tcase_add_test(json, a_long_invalid_body_has_a_short_detail);
    tcase_add_test(json, a_changed_event_is_valid_or_has_a_printable_detail);
    tcase_add_test(json, threads_decode_at_the_same_time);
    suite_add_tcase(suite, json);
    return unit_run(suite);
}
