#include "lib/event_plain.h"

enum { DIGITS_MAX = 18 }; // so many always fit into 64 bits

static bool take(struct slice *rest, char byte)
{
    if (rest->length == 0 || *rest->bytes != byte)
        return false;
    *rest = slice_after(*rest, 1);
    return true;
}

// ws = *( SP / HTAB / LF / CR ) (RFC 8259, section 2)
// What stands there is nearly always no space: that is asked first.
static void skip_space(struct slice *rest)
{
    while (rest->length > 0 && *rest->bytes <= ' ' &&
           (take(rest, ' ') || take(rest, '\t') || take(rest, '\n') ||
            take(rest, '\r')))
        ;
}

// One of { } , : with the white space that may stand before it.
static bool take_mark(struct slice *rest, char mark)
{
    skip_space(rest);
    return take(rest, mark);
}

static bool is_plain(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

// A string without escapes. What stands in it is not copied.
static bool take_string(struct slice *rest, struct slice *text)
{
    skip_space(rest);
    if (!take(rest, '"'))
        return false;
    size_t length = 0;
    while (length < rest->length && is_plain(rest->bytes[length]))
        length++;
    *text = (struct slice){rest->bytes, length};
    *rest = slice_after(*rest, length);
    return take(rest, '"');
}

static bool take_name(struct slice *rest, char name[EVENT_NAME_MAX + 1])
{
    struct slice text;
    if (!take_string(rest, &text) || text.length < 1 ||
        text.length > EVENT_NAME_MAX)
        return false;
    memcpy(name, text.bytes, text.length);
    name[text.length] = '\0';
    return true;
}

// What stands behind the digits is up to whoever comes next: it must be a mark,
// so neither 1.5 nor 1e2 is taken for 1.
static bool take_integer(struct slice *rest, int64_t *number)
{
    skip_space(rest);
    bool is_negative = take(rest, '-');
    bool starts_with_zero = rest->length > 0 && *rest->bytes == '0';
    int64_t value = 0;
    size_t count = 0;
    for (; count < rest->length && is_digit(rest->bytes[count]); count++) {
        if (count == DIGITS_MAX)
            return false;
        value = 10 * value + (rest->bytes[count] - '0');
    }
    *number = is_negative ? -value : value;
    *rest = slice_after(*rest, count);
    return count == 1 || (count > 1 && !starts_with_zero);
}

enum { USER = 1, ACTION = 2, AMOUNT = 4, ALL = 7 };

// Returns which member it was; 0: none of these three.
static int take_member(struct slice *rest, struct event *event)
{
    struct slice key;
    if (!take_string(rest, &key) || !take_mark(rest, ':'))
        return 0;
    if (slice_is(key, "user") && take_name(rest, event->user))
        return USER;
    if (slice_is(key, "action") && take_name(rest, event->action))
        return ACTION;
    if (slice_is(key, "amount") && take_integer(rest, &event->amount))
        return AMOUNT;
    return 0;
}

bool event_decode_plain(struct slice json, struct event *event)
{
    // Three members of three kinds: none is missing, and none is there twice.
    int seen = 0;
    if (!take_mark(&json, '{'))
        return false;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !take_mark(&json, ','))
            return false;
        seen |= take_member(&json, event);
    }
    if (seen != ALL || !take_mark(&json, '}'))
        return false;
    skip_space(&json);
    return json.length == 0;
}
