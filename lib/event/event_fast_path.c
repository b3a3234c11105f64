#include "lib/event/event_fast_path.h"

enum { DIGITS_MAX = 18 }; // this many always fit into 64 bits
enum { KEY_MAX = 6 };     // in bytes: "amount"

struct reader {
    const char *at;
    const char *end;
};

static bool skip_byte(struct reader *reader, char byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

// ws = *( SP / HTAB / LF / CR ) (RFC 8259, section 2)
// The next byte is rarely white space, so the first comparison excludes most.
static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at <= ' ' &&
           (skip_byte(reader, ' ') || skip_byte(reader, '\t') ||
            skip_byte(reader, '\n') || skip_byte(reader, '\r')))
        ;
}

// One of { } , : and the white space before it.
static bool read_mark(struct reader *reader, char mark)
{
    skip_space(reader);
    return skip_byte(reader, mark);
}

static bool is_unescaped_ascii(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

// A string without escapes, of 1 to `max` bytes; `text` gets a NUL after it.
// Returns its length; 0: the next bytes are something else.
static size_t read_string(struct reader *reader, char *text, size_t max)
{
    size_t length = 0;
    skip_space(reader);
    if (!skip_byte(reader, '"'))
        return 0;
    const char *at = reader->at;
    while (at < reader->end && is_unescaped_ascii(*at) && length < max)
        text[length++] = *at++;
    text[length] = '\0';
    reader->at = at;
    return skip_byte(reader, '"') ? length : 0;
}

static bool read_name(struct reader *reader, char name[EVENT_NAME_MAX + 1])
{
    return read_string(reader, name, EVENT_NAME_MAX) > 0;
}

// The caller reads a mark after the digits, so neither 1.5 nor 1e2 becomes 1.
static bool read_integer(struct reader *reader, int64_t *number)
{
    skip_space(reader);
    bool is_negative = skip_byte(reader, '-');
    const char *start = reader->at;
    int64_t value = 0;
    while (reader->at < reader->end && is_digit(*reader->at)) {
        if (reader->at - start == DIGITS_MAX)
            return false;
        value = 10 * value + (*reader->at++ - '0');
    }
    *number = is_negative ? -value : value;
    return reader->at - start == 1 || (reader->at - start > 1 && *start != '0');
}

enum { USER = 1, ACTION = 2, AMOUNT = 4, ALL = 7 };

// Returns which member it was; 0: another one, or a value of another shape.
static int read_member(struct reader *reader, struct event *event)
{
    char text[KEY_MAX + 1];
    struct slice key = {text, read_string(reader, text, KEY_MAX)};
    if (!read_mark(reader, ':'))
        return 0;
    if (slice_is(key, "user") && read_name(reader, event->user))
        return USER;
    if (slice_is(key, "action") && read_name(reader, event->action))
        return ACTION;
    if (slice_is(key, "amount") && read_integer(reader, &event->amount))
        return AMOUNT;
    return 0;
}

bool event_decode_fast(struct slice json, struct event *event)
{
    // Three members of three kinds: none is missing, and none occurs twice.
    int seen = 0;
    struct reader reader = {json.bytes, json.bytes + json.length};
    if (!read_mark(&reader, '{'))
        return false;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !read_mark(&reader, ','))
            return false;
        seen |= read_member(&reader, event);
    }
    if (seen != ALL || !read_mark(&reader, '}'))
        return false;
    skip_space(&reader);
    return reader.at == reader.end;
}
