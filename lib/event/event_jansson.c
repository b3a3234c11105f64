#include "lib/event/event_jansson.h"

#include <jansson.h>
#include <stdio.h>

static void explain(char detail[EVENT_DETAIL_SIZE], const char *text)
{
    snprintf(detail, EVENT_DETAIL_SIZE, "%s", text);
}

static bool reject_byte(char detail[EVENT_DETAIL_SIZE], size_t offset,
                        const char *what)
{
    snprintf(detail, EVENT_DETAIL_SIZE, "byte %zu: %s", offset + 1, what);
    return false;
}

// jansson ends a number or a word at a NUL and then forgets the NUL, up to
// version 2.14. JSON has a NUL in no place.
static bool has_no_nul(struct slice json, char detail[EVENT_DETAIL_SIZE])
{
    const char *nul = memchr(json.bytes, '\0', json.length);
    return nul == NULL || reject_byte(detail, (size_t)(nul - json.bytes),
                                      "a NUL byte is not JSON");
}

// The client must not choose how long the thread is busy: jansson needs 50 ms
// for a million bytes of small values. It has a limit of depth of its own,
// which a build of it can change. Where the text is not JSON, the counts may be
// wrong, and jansson rejects the text.
static bool is_simple_enough(struct slice json, char detail[EVENT_DETAIL_SIZE])
{
    bool in_string = false;
    int depth = 0;
    int commas = 0;
    for (size_t i = 0; i < json.length; i++) {
        char byte = json.bytes[i];
        if (byte == '"')
            in_string = !in_string;
        else if (in_string)
            i += byte == '\\'; // the byte after it is part of the escape
        else if (byte == '}' || byte == ']')
            depth--;
        else if ((byte == '{' || byte == '[') && ++depth > EVENT_DEPTH_MAX)
            return reject_byte(detail, i, "too many levels of nesting");
        else if (byte == ',' && ++commas > EVENT_COMMAS_MAX)
            return reject_byte(detail, i, "too many values");
    }
    return true;
}

// jansson's text quotes the client's bytes, which may be control characters.
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

// jansson's position is the number of bytes that it has read: so the last of
// them, counted from 1. A byte that is not UTF-8 is the one after them.
static int faulty_byte(const json_error_t *error)
{
    bool is_utf8 = json_error_code(error) != json_error_invalid_utf8;
    return is_utf8 ? error->position : error->position + 1;
}

// Takes any JSON value, so that copy_fields can say what it expected instead.
static json_t *parse(struct slice text, char detail[EVENT_DETAIL_SIZE])
{
    json_error_t error;
    json_t *json = json_loadb(text.bytes, text.length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL && error.text[0] == '\0') {
        explain(detail, "the server has no memory for it");
    } else if (json == NULL) {
        snprintf(detail, EVENT_DETAIL_SIZE, "byte %d: %.120s",
                 faulty_byte(&error), error.text);
        make_printable(detail);
    }
    return json;
}

// jansson has checked that it is UTF-8 without a NUL.
static bool copy_name(const json_t *json, const char *key,
                      char name[EVENT_NAME_MAX + 1],
                      char detail[EVENT_DETAIL_SIZE])
{
    const json_t *value = json_object_get(json, key);
    size_t length = json_string_length(value);
    if (length >= 1 && length <= EVENT_NAME_MAX) {
        memcpy(name, json_string_value(value), length + 1);
        return true;
    }
    snprintf(detail, EVENT_DETAIL_SIZE,
             "%s: expected a string of 1 to %d bytes", key, EVENT_NAME_MAX);
    return false;
}

static bool copy_fields(const json_t *json, struct event *event,
                        char detail[EVENT_DETAIL_SIZE])
{
    if (!json_is_object(json)) {
        explain(detail, "expected an object with user, action and amount");
        return false;
    }
    if (!copy_name(json, "user", event->user, detail) ||
        !copy_name(json, "action", event->action, detail))
        return false;
    const json_t *amount = json_object_get(json, "amount");
    if (!json_is_integer(amount)) {
        explain(detail, "amount: expected an integer");
        return false;
    }
    event->amount = json_integer_value(amount);
    return true;
}

bool event_decode_jansson(struct slice json, struct event *event,
                          char detail[EVENT_DETAIL_SIZE])
{
    // "invalid JSON" would mislead: the usual fault is a missing header field.
    if (json.length == 0) {
        explain(detail, "empty body: no Content-Length?");
        return false;
    }
    if (!has_no_nul(json, detail) || !is_simple_enough(json, detail))
        return false;
    json_t *value = parse(json, detail);
    if (value == NULL)
        return false;
    bool valid = copy_fields(value, event, detail);
    json_decref(value);
    return valid;
}
