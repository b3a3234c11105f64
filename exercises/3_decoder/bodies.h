#ifndef THAW_EXERCISES_DECODER_BODIES_H
#define THAW_EXERCISES_DECODER_BODIES_H

// bodies.h - what the decoder gets, what becomes of it, and the likely cause if
// something else does

#include "lib/base/slice.h"

#include <stdint.h>

#define ALICE "\"user\":\"alice\",\"action\":\"buy\",\"amount\":100"

struct valid {
    const char *what;
    struct slice body;
    const char *user, *action;
    int64_t amount;
    const char *cause; // if something else comes
};

struct invalid {
    const char *what;
    struct slice body;
    const char *detail; // how it starts; after a "*", what is somewhere in it
    const char *cause;  // if something else comes
};

// 3.1
static const struct valid events[] = {
    {"an event",
     SLICE("{\"user\": \"alice\", \"action\": \"buy\", \"amount\": 100}"),
     "alice", "buy", 100, "the value at a key is not copied into its field"},
    {"an event with its keys in another order",
     SLICE("{\"amount\": -5, \"action\": \"sell\", \"user\": \"bob\"}"), "bob",
     "sell", -5,
     "the members of an object have no order: ask for each by its key, with "
     "json_object_get"},
    {"an event with other keys",
     SLICE("{" ALICE
           ", \"x\": {\"user\": [null, \"\", 1.5e3]}, \"Amount\": 9}"),
     "alice", "buy", 100, "other keys are ignored, whatever their values are"},
    {"an event with white space around it", SLICE(" \t\r\n{" ALICE "}\n"),
     "alice", "buy", 100,
     "white space around the object is part of JSON, and jansson skips it"},
    {"names with escapes",
     SLICE("{\"user\": \"\\u00e9\\\"\\n\", \"action\": \"\\ud83d\\ude00\", "
           "\"amount\": 0}"),
     "\xc3\xa9\"\n", "\xf0\x9f\x98\x80", 0,
     "json_string_value has the decoded text: copy that, not the client's "
     "bytes"},
    {"a key with an escape",
     SLICE("{\"\\u0075ser\":\"alice\",\"action\":\"buy\",\"amount\":100}"),
     "alice", "buy", 100, "keys are compared after their escapes are decoded"},
};

// 3.2
static const char no_error[] =
    "json_loadb returns NULL for what is not JSON: return false then, and put "
    "\"byte %d: ...\" with faulty_byte(&error) into the detail";
static const char position[] =
    "error.position counts all bytes, error.column those of its line: "
    "faulty_byte does what is necessary";

static const struct invalid not_json[] = {
    {"a word", SLICE("hello"), "byte 5:", no_error},
    {"a question mark", SLICE("?"), "byte 1:", no_error},
    {"a form, which curl --data sends by itself", SLICE("user=alice&amount=1"),
     "byte ", no_error},
    {"an event without its end", SLICE("{" ALICE), "byte ", no_error},
    {"a comma too many", SLICE("{" ALICE ",}"), "byte 45:", no_error},
    {"a wrong byte in the second line", SLICE("{\n\"user\": ?}"),
     "byte 11:", position},
    {"a byte that is not UTF-8", SLICE("{\"a\": \"\xff\"}"),
     "byte 8:", position},
    {"an escape sequence of a terminal", SLICE("\x1b[31mred"),
     "byte 1:", no_error},
    {"bytes of a terminal's escape sequence in a string",
     SLICE("{\"a\": \"\xc2\x9b"
           "31m\x1b\"}"),
     "byte ", no_error},
};

// 3.3
static const char missing[] =
    "json_object_get returns NULL when there is no such key, and "
    "json_string_value of NULL is NULL";
static const char no_string[] =
    "json_string_value returns NULL for what is not a string: ask "
    "json_is_string first, or look at json_string_length";
static const char no_integer[] =
    "json_integer_value returns 0 for what is not an integer: ask "
    "json_is_integer first";
static const char no_object[] =
    "with JSON_DECODE_ANY, json_loadb takes any value, so that the detail can "
    "say what was expected: ask json_is_object first";

static const struct invalid wrong_fields[] = {
    {"an object without keys", SLICE("{}"), "user:", missing},
    {"an event without a user", SLICE("{\"action\":\"b\",\"amount\":1}"),
     "user:", missing},
    {"an event without an action", SLICE("{\"user\":\"a\",\"amount\":1}"),
     "action:", missing},
    {"an event without an amount", SLICE("{\"user\":\"a\",\"action\":\"b\"}"),
     "amount:", missing},
    {"the right keys, but in an inner object", SLICE("{\"event\":{" ALICE "}}"),
     "user:", missing},
    {"a user that is a number",
     SLICE("{\"user\":7,\"action\":\"b\",\"amount\":1}"), "user:", no_string},
    {"a user that is null",
     SLICE("{\"user\":null,\"action\":\"b\",\"amount\":1}"),
     "user:", no_string},
    {"an action that is an array",
     SLICE("{\"user\":\"a\",\"action\":[\"b\"],\"amount\":1}"),
     "action:", no_string},
    {"an amount that is a string",
     SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":\"1\"}"),
     "amount:", no_integer},
    {"an amount that is null",
     SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":null}"),
     "amount:", no_integer},
    {"an amount that is true",
     SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":true}"),
     "amount:", no_integer},
    {"an event in an array", SLICE("[{" ALICE "}]"), "*object", no_object},
    {"a string", SLICE("\"alice\""), "*object", no_object},
    {"a number", SLICE("7"), "*object", no_object},
    {"null", SLICE("null"), "*object", no_object},
};

// 3.4
static const char a_double[] =
    "not every number is an integer: json_number_value returns a double, and "
    "the conversion cuts off its fraction; 100.0 and 1e2 are no integers "
    "either, so ask json_is_integer";
static const char narrow[] =
    "the amount went through a type that is too narrow: an int has 32 bits, a "
    "double is exact up to 2^53 only; json_integer_value returns a json_int_t "
    "of 64 bits";
static const char duplicate[] =
    "some programs use the first of two values and some the last: the flag "
    "JSON_REJECT_DUPLICATES makes jansson reject the key";
static const char trailing[] =
    "bytes after the value are ignored: jansson rejects them, unless the flag "
    "JSON_DISABLE_EOF_CHECK says otherwise";
static const char no_limit[] =
    "the length of a name is not checked: it has 1 to EVENT_NAME_MAX bytes of "
    "UTF-8, without the NUL (json_string_length counts bytes)";
static const char too_strict[] =
    "EVENT_NAME_MAX bytes are allowed: the array has one more, for the NUL "
    "(< for <=?)";
static const char nul_byte[] =
    "a NUL is no part of JSON: has_no_nul comes first, and no flag "
    "JSON_ALLOW_NUL";
static const char empty[] =
    "\"invalid JSON\" would be true and misleading: the usual fault is a "
    "missing Content-Length, so say \"empty body: ...\" before all else";

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X127 X100 X10 X10 "xxxxxxx"
#define E10                                                                    \
    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"         \
    "\xc3\xa9\xc3\xa9"
#define E63 E10 E10 E10 E10 E10 E10 "\xc3\xa9\xc3\xa9\xc3\xa9"

#define USER(text)                                                             \
    SLICE("{\"user\":\"" text "\",\"action\":\"b\",\"amount\":1}")
#define ACTION(text)                                                           \
    SLICE("{\"user\":\"a\",\"action\":\"" text "\",\"amount\":1}")
#define AMOUNT(text)                                                           \
    SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":" text "}")

static const struct valid within[] = {
    {"a user of 127 bytes", USER(X127), X127, "b", 1, too_strict},
    {"an action of 127 bytes", ACTION(X127), "a", X127, 1, too_strict},
    {"a user of 64 characters in 127 bytes", USER(E63 "x"), E63 "x", "b", 1,
     too_strict},
    {"the largest amount", AMOUNT("9223372036854775807"), "a", "b", INT64_MAX,
     narrow},
    {"the smallest amount", AMOUNT("-9223372036854775808"), "a", "b", INT64_MIN,
     narrow},
    {"2^53 + 1, which no double is", AMOUNT("9007199254740993"), "a", "b",
     9007199254740993, narrow},
};

static const struct invalid beyond[] = {
    {"a user without a byte", USER(""), "user:", no_limit},
    {"a user of 128 bytes", USER(X127 "x"), "user:", no_limit},
    {"an action of 128 bytes", ACTION(X127 "x"), "action:", no_limit},
    {"a user of 64 characters in 128 bytes", USER(E63 "\xc3\xa9"),
     "user:", no_limit},
    {"a user of 300 bytes", USER(X100 X100 X100), "user:", no_limit},
    {"a fraction", AMOUNT("1.5"), "amount:", a_double},
    {"a real number without a fraction", AMOUNT("100.0"), "amount:", a_double},
    {"a number with an exponent", AMOUNT("1e2"), "amount:", a_double},
    {"2^63", AMOUNT("9223372036854775808"), "byte ", narrow},
    {"an amount twice", AMOUNT("1,\"amount\":2"), "byte ", duplicate},
    {"another key twice", AMOUNT("1,\"x\":1,\"x\":1"), "byte ", duplicate},
    {"an escaped NUL in a name", USER("a\\u0000b"), "byte ", nul_byte},
};

static const struct invalid around[] = {
    {"an event, and one byte more", SLICE("{" ALICE "}x"),
     "byte 45:", trailing},
    {"two events", SLICE("{" ALICE "}\n{" ALICE "}"), "byte 46:", trailing},
    {"an event and a NUL", SLICE("{" ALICE "}\0"), "byte 45:", nul_byte},
    {"a NUL after the amount", SLICE("{" ALICE "\0}"), "byte 44:", nul_byte},
    {"nothing: an empty body", {"", 0}, "empty body", empty},
};

// 3.5
static const struct {
    const char *what;
    struct slice body;
} released[] = {
    {"an event", SLICE("{" ALICE "}")},
    {"an event with another key", SLICE("{" ALICE ",\"x\":[1,{\"y\":2.5}]}")},
    {"an object without keys", SLICE("{}")},
    {"an event without an action", SLICE("{\"user\":\"a\",\"amount\":1}")},
    {"an event with a wrong amount",
     SLICE("{\"user\":\"a\",\"action\":\"b\",\"amount\":\"1\"}")},
    {"an array", SLICE("[1,2]")},
    {"an object without its end", SLICE("{\"a\":1")},
};

#endif
