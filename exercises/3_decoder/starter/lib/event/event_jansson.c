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
    // --- build: parse ---
    //
    // Returns a new reference to the value. NULL: it is rejected, and the fault
    // says why, and at which byte.
    //
    // * json_loadb takes the length, because a slice has no NUL at its end, and
    //   flags: read which ones this needs. It fills in `error` when it fails.
    // * "byte 5: ...": the call of reject below does that. The reason is
    //   reason_of(&error): jansson rejects what is not JSON, and some JSON.
    // * If it fails and error.text is empty, the memory ran out. The detail is
    //   then "the server has no memory for it", and the reason is NULL: the
    //   client did nothing wrong.
    json_error_t error = {.text = "parse is not written yet"};
    json_t *json = NULL;
    (void)text;
    reject(fault, reason_of(&error), "byte %d: %.120s", faulty_byte(&error),
           error.text);
    return json;
    // --- end ---
}

// jansson has checked that it is UTF-8 without a NUL.
static bool copy_name(const json_t *json, const char *key,
                      char name[EVENT_NAME_MAX + 1], struct event_fault *fault)
{
    // --- build: copy_name ---
    //
    // Copies the string at `key` into `name`, with a NUL after it. False: there
    // is no string at `key`, or it does not have 1 to EVENT_NAME_MAX bytes. The
    // detail is then "user: expected a string of 1 to 127 bytes", if the key is
    // "user". The reason is invalid_event: the body is JSON.
    (void)json, (void)key, (void)name;
    return reject(fault, invalid_event, "copy_name is not written yet");
    // --- end ---
}

static bool copy_fields(const json_t *json, struct event *event,
                        struct event_fault *fault)
{
    // --- build: copy_fields ---
    //
    // Fills in user, action and amount of `event`. False: the value is another
    // one. The detail then names the first wrong field, in this order. Two
    // details are written here, with the reason invalid_event:
    //
    //     expected an object with user, action and amount
    //     amount: expected an integer
    return copy_name(json, "user", event->user, fault);
    // --- end ---
}

bool event_decode_jansson(struct slice json, struct event *event,
                          struct event_fault *fault)
{
    // --- build: event_decode_jansson ---
    //
    // A plain event does not come here: event_decode tries the fast path first,
    // which decodes that. The order is right. Two things are missing:
    //
    // * An empty body has a detail of its own, because the usual fault is a
    //   missing header field: "empty body: no Content-Length?" The reason is
    //   invalid_json: nothing is no JSON.
    // * Whose is the value that parse returned?
    if (!has_no_nul(json, fault) || !is_simple_enough(json, fault))
        return false;
    json_t *value = parse(json, fault);
    return value != NULL && copy_fields(value, event, fault);
    // --- end ---
}
