// test_event.c - the fields of an event: which values are valid

#include "lib/event/event.h"
#include "lib/base/buffer.h"
#include "tests/unit/memory.h"
#include "tests/unit/unit.h"

#include <stdio.h>

enum { JSON_SIZE = 1024 }; // in bytes

static struct event event;
static char said[32 + EVENT_DETAIL_SIZE]; // reason and detail of a rejection

static bool decode(const char *json)
{
    struct event_fault fault;
    memset(&fault, '\x01', sizeof fault); // a missing NUL is then seen
    memset(&event, '\x01', sizeof event);
    said[0] = '\0';
    if (event_decode(slice_of(json), &event, &fault))
        return true;
    ck_assert_ptr_nonnull(memchr(fault.detail, '\0', sizeof fault.detail));
    snprintf(said, sizeof said, "%s: %s",
             fault.reason != NULL ? fault.reason : "no memory", fault.detail);
    return false;
}

// `expected` is reason and detail, or their start if it ends with a space.
static void must_reject(const char *json, const char *expected)
{
    size_t length = strlen(expected);
    bool is_start = length > 0 && expected[length - 1] == ' ';
    ck_assert_msg(!decode(json), "%s: was accepted", json);
    ck_assert_msg(is_start ? strncmp(said, expected, length) == 0
                           : strcmp(said, expected) == 0,
                  "%s: \"%s\", expected \"%s\"", json, said, expected);
}

START_TEST(an_event_has_a_user_an_action_and_an_amount)
{
    ck_assert(
        decode("{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}"));
    ck_assert_str_eq(event.user, "alice");
    ck_assert_str_eq(event.action, "buy");
    ck_assert_int_eq(event.amount, 100);
}
END_TEST

// The members of an object have no order (RFC 8259, section 4).
START_TEST(the_order_of_the_keys_does_not_matter)
{
    ck_assert(decode("{\"amount\":-5,\"action\":\"sell\",\"user\":\"bob\"}"));
    ck_assert_str_eq(event.user, "bob");
    ck_assert_str_eq(event.action, "sell");
    ck_assert_int_eq(event.amount, -5);
}
END_TEST

START_TEST(other_keys_are_ignored_with_any_value)
{
    ck_assert(decode("{\"user\":\"a\",\"x\":{\"user\":[null,\"\",1.5e3]},"
                     "\"action\":\"b\",\"\":true,\"Amount\":9,\"amount\":1}"));
    ck_assert_str_eq(event.user, "a");
    ck_assert_str_eq(event.action, "b");
    ck_assert_int_eq(event.amount, 1);
}
END_TEST

// JSON that the parser rejects, and what is not JSON.
static const char beyond[] = "invalid_event: byte ";
static const char not_json[] = "invalid_json: byte ";
static const char no_user[] =
    "invalid_event: user: expected a string of 1 to 127 bytes";
static const char no_action[] =
    "invalid_event: action: expected a string of 1 to 127 bytes";
static const char no_amount[] = "invalid_event: amount: expected an integer";

static const struct {
    const char *json;
    const char *said;
} incomplete[] = {
    {"{}", no_user},
    {"{\"action\":\"b\",\"amount\":1}", no_user},
    {"{\"user\":\"a\",\"amount\":1}", no_action},
    {"{\"user\":\"a\",\"action\":\"b\"}", no_amount},
    // A key is compared byte by byte, with its case and its spaces.
    {"{\"User\":\"a\",\"action\":\"b\",\"amount\":1}", no_user},
    {"{\"user \":\"a\",\"action\":\"b\",\"amount\":1}", no_user},
    // The right names, but in an inner object.
    {"{\"event\":{\"user\":\"a\",\"action\":\"b\",\"amount\":1}}", no_user},
    {"{\"user\":null,\"action\":\"b\",\"amount\":1}", no_user},
    {"{\"user\":7,\"action\":\"b\",\"amount\":1}", no_user},
    {"{\"user\":[\"a\"],\"action\":\"b\",\"amount\":1}", no_user},
    {"{\"user\":\"a\",\"action\":{},\"amount\":1}", no_action},
    {"{\"user\":\"a\",\"action\":false,\"amount\":1}", no_action},
};

START_TEST(a_field_that_is_missing_or_of_another_type_is_named)
{
    must_reject(incomplete[_i].json, incomplete[_i].said);
}
END_TEST

// Some programs use the first of two values, and some the last.
static const char *const duplicates[] = {
    "{\"user\":\"a\",\"user\":\"a\",\"action\":\"b\",\"amount\":1}",
    "{\"user\":\"a\",\"action\":\"b\",\"amount\":1,\"amount\":2}",
    "{\"user\":\"a\",\"\\u0075ser\":\"c\",\"action\":\"b\",\"amount\":1}",
    "{\"user\":\"a\",\"action\":\"b\",\"amount\":1,\"x\":1,\"x\":1}",
    "{\"user\":\"a\",\"action\":\"b\",\"amount\":1,\"x\":{\"y\":1,\"y\":1}}",
};

START_TEST(a_duplicate_key_is_rejected)
{
    must_reject(duplicates[_i], beyond);
}
END_TEST

static const char *with_amount(const char *amount)
{
    static char json[JSON_SIZE];
    snprintf(json, sizeof json,
             "{\"user\":\"alice\",\"action\":\"buy\",\"amount\":%s}", amount);
    return json;
}

static const struct {
    const char *text;
    int64_t value;
} amounts[] = {
    {"0", 0},
    {"-0", 0}, // JSON has it; as an integer it is 0
    {"-1", -1},
    {" \t\r\n7 ", 7},
    {"9007199254740993", 9007199254740993}, // 2^53 + 1, which no double is
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
};

START_TEST(an_amount_is_any_64_bit_integer)
{
    ck_assert_msg(decode(with_amount(amounts[_i].text)), "%s: %s",
                  amounts[_i].text, said);
    ck_assert_int_eq(event.amount, amounts[_i].value);
}
END_TEST

static const struct {
    const char *text;
    const char *said;
} no_amounts[] = {
    // Numbers, but not written as integers.
    {"1.5", no_amount},
    {"1.0", no_amount},
    {"-0.0", no_amount},
    {"1e2", no_amount},
    {"1E-400", no_amount},
    // Values of other types.
    {"\"1\"", no_amount},
    {"null", no_amount},
    {"true", no_amount},
    {"[1]", no_amount},
    {"{}", no_amount},
    // Out of range.
    {"9223372036854775808", beyond},
    {"-9223372036854775809", beyond},
    {"1000000000000000000000000000000000000000000000000000000000", beyond},
    {"1e999", beyond},
    // Not JSON, though strtol, or a person, might accept it.
    {"", not_json},
    {"+1", not_json},
    {"01", not_json},
    {"-", not_json},
    {"1.", not_json},
    {".5", not_json},
    {"0x10", not_json},
    {"1_000", not_json},
    {"1,000", not_json},
    {"NaN", not_json},
    {"-Infinity", not_json},
    {"'1'", not_json},
};

START_TEST(an_amount_that_is_not_such_an_integer_is_rejected)
{
    must_reject(with_amount(no_amounts[_i].text), no_amounts[_i].said);
}
END_TEST

// `count` times `unit`, and then `end`.
static const char *repeated(const char *unit, int count, const char *end)
{
    static struct buffer text;
    buffer_clear(&text);
    for (int i = 0; i < count; i++)
        buffer_add_text(&text, unit);
    buffer_add_text(&text, end);
    buffer_add(&text, (struct slice){"", 1}); // the NUL
    return text.bytes;
}

static const char *with_names(const char *user, const char *action)
{
    static char json[JSON_SIZE];
    snprintf(json, sizeof json,
             "{\"user\":\"%s\",\"action\":\"%s\",\"amount\":1}", user, action);
    return json;
}

static const struct {
    const char *unit;
    int count;
    const char *end;
    size_t length; // in bytes; 0: it is rejected
} names[] = {
    {"", 0, "", 0},
    {"x", 1, "", 1},
    {"x", 127, "", 127},
    {"x", 128, "", 0},
    {"\xc3\xa9", 63, "x", 127}, // 64 characters
    {"\xc3\xa9", 64, "", 0},    // also 64, in 128 bytes
    {"\xf0\x9f\x98\x80", 31, "xyz", 127},
    {"\xf0\x9f\x98\x80", 32, "", 0},
    {"\\u0041", 127, "", 127}, // 762 bytes of JSON
    {"\\u0041", 128, "", 0},
    {"\\ud83d\\ude00", 31, "xyz", 127}, // a pair is one character of 4 bytes
    {"\\ud83d\\ude00", 32, "", 0},
};

START_TEST(a_name_is_measured_in_bytes_of_utf8)
{
    const char *name = repeated(names[_i].unit, names[_i].count, names[_i].end);
    if (names[_i].length == 0) {
        must_reject(with_names(name, "b"), no_user);
        must_reject(with_names("a", name), no_action);
        return;
    }
    ck_assert_msg(decode(with_names(name, "b")), "%s", said);
    ck_assert_uint_eq(strlen(event.user), names[_i].length);
    ck_assert_msg(decode(with_names("a", name)), "%s", said);
    ck_assert_uint_eq(strlen(event.action), names[_i].length);
}
END_TEST

START_TEST(escapes_in_a_name_are_decoded)
{
    ck_assert(decode(with_names("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u007f",
                                "\\u00e9\\u20ac\\uD83D\\uDE00\\uFFFF")));
    ck_assert_str_eq(event.user, "\"\\/\b\f\n\r\t\x7f");
    ck_assert_str_eq(event.action, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
                                   "\xef\xbf\xbf");
}
END_TEST

// Whichever allocation fails, there is no crash and no leak, but a detail.
START_TEST(an_event_without_memory_is_rejected)
{
    bool valid = false;
    for (int count = 0; !valid; count++) {
        ck_assert_int_lt(count, 1000);
        memory_allow(count);
        valid = decode("{\"user\":\"a\",\"action\":\"b\",\"amount\":1,"
                       "\"x\":[1,{\"y\":2.5}]}");
        ck_assert(valid || strlen(said) > 0);
        if (count == 0)
            ck_assert_str_eq(said,
                             "no memory: the server has no memory for it");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event");
    TCase *fields = tcase_create("fields");
    tcase_add_test(fields, an_event_has_a_user_an_action_and_an_amount);
    tcase_add_test(fields, the_order_of_the_keys_does_not_matter);
    tcase_add_test(fields, other_keys_are_ignored_with_any_value);
    unit_add_rows(fields, a_field_that_is_missing_or_of_another_type_is_named,
                  incomplete);
    unit_add_rows(fields, a_duplicate_key_is_rejected, duplicates);
    unit_add_rows(fields, an_amount_is_any_64_bit_integer, amounts);
    unit_add_rows(fields, an_amount_that_is_not_such_an_integer_is_rejected,
                  no_amounts);
    unit_add_rows(fields, a_name_is_measured_in_bytes_of_utf8, names);
    tcase_add_test(fields, escapes_in_a_name_are_decoded);
    tcase_add_test(fields, an_event_without_memory_is_rejected);
    suite_add_tcase(suite, fields);
    return unit_run(suite);
}
