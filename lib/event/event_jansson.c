#include "lib/event/event_jansson.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

static const char invalid_json[] = "invalid_json";
static const char invalid_event[] = "invalid_event";

// jansson's text quotes the client's bytes, which may be control characters.
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

// Fills in the fault, and returns false.
__attribute__((format(printf, 3, 4))) static bool
reject(struct event_fault *fault, const char *reason, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fault->reason = reason;
    vsnprintf(fault->detail, sizeof fault->detail, format, values);
    va_end(values);
    make_printable(fault->detail);
    return false;
}

// jansson ends a number or a word at a NUL and then forgets the NUL, up to
// version 2.14. JSON has a NUL in no place.
static bool has_no_nul(struct slice json, struct event_fault *fault)
{
    const char *nul = memchr(json.bytes, '\0', json.length);
    return nul == NULL ||
           reject(fault, invalid_json, "byte %zu: a NUL byte is not JSON",
                  (size_t)(nul - json.bytes) + 1);
}

// The client must not choose how long the thread is busy: jansson needs 50 ms
// for a million bytes of small values, and 100 ms if each is an array in
// others. It has a limit of depth of its own, which a build of it can change.
// Where the text is not JSON, the counts may be wrong, and jansson rejects the
// text.
static bool is_simple_enough(struct slice json, struct event_fault *fault)
{
    bool in_string = false;
    int depth = 0;
    int values = 0; // at most: one for each comma, and one for each bracket
    for (size_t i = 0; i < json.length; i++) {
        char byte = json.bytes[i];
        bool opens = byte == '{' || byte == '[';
        if (byte == '"')
            in_string = !in_string;
        if (in_string) {
            i += byte == '\\'; // the byte after it is part of the escape
            continue;
        }
        if (opens && ++depth > EVENT_DEPTH_MAX)
            return reject(fault, invalid_event,
                          "byte %zu: too many levels of nesting", i + 1);
        if ((opens || byte == ',') && ++values > EVENT_VALUES_MAX)
            return reject(fault, invalid_event, "byte %zu: too many values",
                          i + 1);
        if (byte == '}' || byte == ']')
            depth--;
    }
    return true;
}

// jansson's position is the number of bytes that it has read: so the last of
// them, counted from 1. A byte that is not UTF-8 is the one after them.
static int faulty_byte(const json_error_t *error)
{
    bool is_utf8 = json_error_code(error) != json_error_invalid_utf8;
    return is_utf8 ? error->position : error->position + 1;
}

// jansson rejects some JSON, too: what RFC 8259 leaves open (README.md).
static const char *reason_of(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    bool is_json = code == json_error_duplicate_key ||
                   code == json_error_numeric_overflow ||
                   code == json_error_null_character ||
                   code == json_error_null_byte_in_key ||
                   code == json_error_stack_overflow;
    return is_json ? invalid_event : invalid_json;
}

// Takes any JSON value, so that copy_fields can say what it expected instead.
static json_t *parse(struct slice text, struct event_fault *fault)
{
    json_error_t error;
    json_t *json = json_loadb(text.bytes, text.length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL && error.text[0] == '\0')
        reject(fault, NULL, "the server has no memory for it");
    else if (json == NULL)
        reject(fault, reason_of(&error), "byte %d: %.120s", faulty_byte(&error),
               error.text);
    return json;
}

// jansson has checked that it is UTF-8 without a NUL.
static bool copy_name(const json_t *json, const char *key,
                      char name[EVENT_NAME_MAX + 1], struct event_fault *fault)
{
    const json_t *value = json_object_get(json, key);
    size_t length = json_string_length(value);
    if (length >= 1 && length <= EVENT_NAME_MAX) {
        memcpy(name, json_string_value(value), length + 1);
        return true;
    }
    return reject(fault, invalid_event,
                  "%s: expected a string of 1 to %d bytes", key,
                  EVENT_NAME_MAX);
}

static bool copy_fields(const json_t *json, struct event *event,
                        struct event_fault *fault)
{
    if (!json_is_object(json))
        return reject(fault, invalid_event,
                      "expected an object with user, action and amount");
    if (!copy_name(json, "user", event->user, fault) ||
        !copy_name(json, "action", event->action, fault))
        return false;
    const json_t *amount = json_object_get(json, "amount");
    if (!json_is_integer(amount))
        return reject(fault, invalid_event, "amount: expected an integer");
    event->amount = json_integer_value(amount);
    return true;
}

bool event_decode_jansson(struct slice json, struct event *event,
                          struct event_fault *fault)
{
    // "invalid JSON" would mislead: the usual fault is a missing header field.
    if (json.length == 0)
        return reject(fault, invalid_json, "empty body: no Content-Length?");
    if (!has_no_nul(json, fault) || !is_simple_enough(json, fault))
        return false;
    json_t *value = parse(json, fault);
    if (value == NULL)
        return false;
    bool valid = copy_fields(value, event, fault);
    json_decref(value);
    return valid;
}
