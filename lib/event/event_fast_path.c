#include "lib/event/event_fast_path.h"

enum { DIGITS_MAX = 18 }; // so many always fit into 64 bits
enum { KEY_MAX = 6 };     // in bytes: "amount"

struct rest {
    const char *at;
    const char *end;
};

static bool take(struct rest *rest, char byte)
{
    if (rest->at == rest->end || *rest->at != byte)
        return false;
    rest->at++;
    return true;
}

// ws = *( SP / HTAB / LF / CR ) (RFC 8259, section 2)
// What stands there is nearly always no space: that is asked first.
static void skip_space(struct rest *rest)
{
    while (rest->at < rest->end && *rest->at <= ' ' &&
           (take(rest, ' ') || take(rest, '\t') || take(rest, '\n') ||
            take(rest, '\r')))
        ;
}

// One of { } , : with the white space that may stand before it.
static bool take_mark(struct rest *rest, char mark)
{
    skip_space(rest);
    return take(rest, mark);
}

static bool is_plain(char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

// A string without escapes, of 1 to `max` bytes. `text` gets a NUL behind it.
// Returns its length; 0: there is none.
static size_t take_string(struct rest *rest, char *text, size_t max)
{
    size_t length = 0;
    skip_space(rest);
    if (!take(rest, '"'))
        return 0;
    const char *at = rest->at;
    while (at < rest->end && is_plain(*at) && length < max)
        text[length++] = *at++;
    text[length] = '\0';
    rest->at = at;
    return take(rest, '"') ? length : 0;
}

static bool take_name(struct rest *rest, char name[EVENT_NAME_MAX + 1])
{
    return take_string(rest, name, EVENT_NAME_MAX) > 0;
}

// What stands behind the digits is up to whoever comes next: it must be a mark,
// so neither 1.5 nor 1e2 is taken for 1.
static bool take_integer(struct rest *rest, int64_t *number)
{
    skip_space(rest);
    bool is_negative = take(rest, '-');
    const char *start = rest->at;
    int64_t value = 0;
    while (rest->at < rest->end && is_digit(*rest->at)) {
        if (rest->at - start == DIGITS_MAX)
            return false;
        value = 10 * value + (*rest->at++ - '0');
    }
    *number = is_negative ? -value : value;
    return rest->at - start == 1 || (rest->at - start > 1 && *start != '0');
}

enum { USER = 1, ACTION = 2, AMOUNT = 4, ALL = 7 };

// Returns which member it was; 0: none of these three.
static int take_member(struct rest *rest, struct event *event)
{
    char text[KEY_MAX + 1];
    struct slice key = {text, take_string(rest, text, KEY_MAX)};
    if (!take_mark(rest, ':'))
        return 0;
    if (slice_is(key, "user") && take_name(rest, event->user))
        return USER;
    if (slice_is(key, "action") && take_name(rest, event->action))
        return ACTION;
    if (slice_is(key, "amount") && take_integer(rest, &event->amount))
        return AMOUNT;
    return 0;
}

bool event_decode_fast(struct slice json, struct event *event)
{
    // Three members of three kinds: none is missing, and none is there twice.
    int seen = 0;
    struct rest rest = {json.bytes, json.bytes + json.length};
    if (!take_mark(&rest, '{'))
        return false;
    for (int i = 0; i < 3; i++) {
        if (i > 0 && !take_mark(&rest, ','))
            return false;
        seen |= take_member(&rest, event);
    }
    if (seen != ALL || !take_mark(&rest, '}'))
        return false;
    skip_space(&rest);
    return rest.at == rest.end;
}
