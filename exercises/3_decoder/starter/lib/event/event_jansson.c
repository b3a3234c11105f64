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
    // --- build: parse ---
    //
    // Returns a new reference to the value. NULL: `text` is not JSON, and the
    // detail says what is wrong, and at which byte.
    //
    // * json_loadb takes the length, because a slice has no NUL at its end, and
    //   flags: read which ones this needs. It fills in `error` when it fails.
    // * "byte 5: ...": the two lines with `detail` below do that.
    // * If it fails and error.text is empty, the memory ran out. The detail is
    //   then "the server has no memory for it": the client did nothing wrong.
    json_error_t error = {.text = "parse is not written yet"};
    json_t *json = NULL;
    (void)text;
    snprintf(detail, EVENT_DETAIL_SIZE, "byte %d: %.120s", faulty_byte(&error),
             error.text);
    make_printable(detail);
    return json;
    // --- end ---
}

// jansson has checked that it is UTF-8 without a NUL.
static bool copy_name(const json_t *json, const char *key,
                      char name[EVENT_NAME_MAX + 1],
                      char detail[EVENT_DETAIL_SIZE])
{
    // --- build: copy_name ---
    //
    // Copies the string at `key` into `name`, with a NUL after it. False: there
    // is no string at `key`, or it does not have 1 to EVENT_NAME_MAX bytes. The
    // detail is then "user: expected a string of 1 to 127 bytes", if the key is
    // "user".
    (void)json, (void)key, (void)name;
    explain(detail, "copy_name is not written yet");
    return false;
    // --- end ---
}

static bool copy_fields(const json_t *json, struct event *event,
                        char detail[EVENT_DETAIL_SIZE])
{
    // --- build: copy_fields ---
    //
    // Fills in user, action and amount of `event`. False: the value is another
    // one. The detail then names the first wrong field, in this order. Two
    // details are written here:
    //
    //     expected an object with user, action and amount
    //     amount: expected an integer
    return copy_name(json, "user", event->user, detail);
    // --- end ---
}

bool event_decode_jansson(struct slice json, struct event *event,
                          char detail[EVENT_DETAIL_SIZE])
{
    // --- build: event_decode_jansson ---
    //
    // A plain event does not come here: event_decode tries the fast path first,
    // which decodes that. The order is right. Two things are missing:
    //
    // * An empty body has a detail of its own, because the usual fault is a
    //   missing header field: "empty body: no Content-Length?"
    // * Whose is the value that parse returned?
    if (!has_no_nul(json, detail) || !is_simple_enough(json, detail))
        return false;
    json_t *value = parse(json, detail);
    return value != NULL && copy_fields(value, event, detail);
    // --- end ---
}
