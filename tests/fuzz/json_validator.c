#include "tests/fuzz/json_validator.h"
#include "lib/event/event.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

// A key after its escapes are decoded.
struct key {
    size_t start; // in `decoded`
    size_t length;
};

// Each function below reads one rule of the grammar. It returns false where the
// text does not have it; what is only beyond our limits sets `is_beyond`, and
// the reading goes on.
struct reader {
    const unsigned char *at;
    const unsigned char *end;
    bool is_beyond;
    bool is_too_deep; // nothing is read any more
    int depth;
    char decoded[JSON_VALIDATOR_MAX]; // the last string, after all keys
    size_t length;                    // of it
    struct key keys[JSON_VALIDATOR_MAX / 4 + 1]; // of all open objects
    size_t key_count;
};

static bool read_value(struct reader *reader);

static bool skip(struct reader *reader, char byte)
{
    if (reader->at == reader->end || *reader->at != (unsigned char)byte)
        return false;
    reader->at++;
    return true;
}

static bool skip_word(struct reader *reader, const char *word)
{
    for (; *word != '\0'; word++)
        if (!skip(reader, *word))
            return false;
    return true;
}

// ws = *( %x20 / %x09 / %x0A / %x0D )
static void skip_space(struct reader *reader)
{
    while (skip(reader, ' ') || skip(reader, '\t') || skip(reader, '\n') ||
           skip(reader, '\r'))
        ;
}

static bool has_digit(const struct reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

// 1*DIGIT
static bool skip_digits(struct reader *reader)
{
    bool has_one = has_digit(reader);
    while (has_digit(reader))
        reader->at++;
    return has_one;
}

static bool fits_int64(const char *digits, size_t count, bool is_negative)
{
    uint64_t max = (uint64_t)INT64_MAX + is_negative;
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[i] - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    return true;
}

// strtod needs a NUL after the number. (Static: recursion needs the stack.)
static bool fits_double(const unsigned char *start, size_t length)
{
    static char text[JSON_VALIDATOR_MAX + 1];
    memcpy(text, start, length);
    text[length] = '\0';
    return isfinite(strtod(text, NULL));
}

// number = [ "-" ] int [ "." 1*DIGIT ] [ ( "e" / "E" ) [ "-" / "+" ] 1*DIGIT ]
// int = "0" / ( %x31-39 *DIGIT )
static bool read_number(struct reader *reader)
{
    const unsigned char *start = reader->at;
    bool is_negative = skip(reader, '-');
    const unsigned char *digits = reader->at;
    bool is_integer = true;
    if (!skip(reader, '0') && !skip_digits(reader))
        return false;
    size_t count = (size_t)(reader->at - digits);
    if (skip(reader, '.')) {
        is_integer = false;
        if (!skip_digits(reader))
            return false;
    }
    if (skip(reader, 'e') || skip(reader, 'E')) {
        is_integer = false;
        if (!skip(reader, '-'))
            skip(reader, '+');
        if (!skip_digits(reader))
            return false;
    }
    if (is_integer ? !fits_int64((const char *)digits, count, is_negative)
                   : !fits_double(start, (size_t)(reader->at - start)))
        reader->is_beyond = true;
    return true;
}

static void add_byte(struct reader *reader, uint32_t byte)
{
    assert(reader->length < sizeof reader->decoded);
    reader->decoded[reader->length++] = (char)byte;
}

static void add_code_point(struct reader *reader, uint32_t code)
{
    if (code < 0x80) {
        add_byte(reader, code);
    } else if (code < 0x800) {
        add_byte(reader, 0xc0 | code >> 6);
        add_byte(reader, 0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        add_byte(reader, 0xe0 | code >> 12);
        add_byte(reader, 0x80 | (code >> 6 & 0x3f));
        add_byte(reader, 0x80 | (code & 0x3f));
    } else {
        add_byte(reader, 0xf0 | code >> 18);
        add_byte(reader, 0x80 | (code >> 12 & 0x3f));
        add_byte(reader, 0x80 | (code >> 6 & 0x3f));
        add_byte(reader, 0x80 | (code & 0x3f));
    }
}

// 4HEXDIG
static bool read_hexadecimal(struct reader *reader, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = reader->at < reader->end
                        ? hexadecimal_value((char)*reader->at)
                        : -1;
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
        reader->at++;
    }
    return true;
}

static bool is_high_surrogate(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low_surrogate(uint32_t code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

// The four digits after \u; and a second escape, where both are one code point.
static bool read_unicode_escape(struct reader *reader)
{
    uint32_t code;
    uint32_t low;
    if (!read_hexadecimal(reader, &code))
        return false;
    if (is_high_surrogate(code)) {
        if (!skip_word(reader, "\\u") || !read_hexadecimal(reader, &low) ||
            !is_low_surrogate(low))
            return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (is_low_surrogate(code))
        return false;
    if (code == 0)
        reader->is_beyond = true;
    add_code_point(reader, code);
    return true;
}

// What follows the backslash: one of nine.
static bool read_escape(struct reader *reader)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; letters[i] != '\0'; i++)
        if (skip(reader, letters[i])) {
            add_byte(reader, (unsigned char)meanings[i]);
            return true;
        }
    return skip(reader, 'u') && read_unicode_escape(reader);
}

// RFC 3629, 4: the first byte, and the range of the second one.
static const struct {
    unsigned char first, last;
    unsigned char second_min, second_max;
    int count; // of bytes
} sequences[] = {
    {0x20, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

// A character without an escape: UTF-8, and no control character.
static bool read_character(struct reader *reader)
{
    const unsigned char *at = reader->at;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        int count = sequences[i].count;
        if (*at < sequences[i].first || *at > sequences[i].last)
            continue;
        if (reader->end - at < count)
            return false;
        if (count > 1 && (at[1] < sequences[i].second_min ||
                          at[1] > sequences[i].second_max))
            return false;
        for (int j = 2; j < count; j++)
            if (at[j] < 0x80 || at[j] > 0xbf)
                return false;
        for (int j = 0; j < count; j++)
            add_byte(reader, at[j]);
        reader->at += count;
        return true;
    }
    return false;
}

// string = DQUOTE *char DQUOTE; it is decoded after all keys.
static bool read_string(struct reader *reader)
{
    if (!skip(reader, '"'))
        return false;
    while (!skip(reader, '"')) {
        if (reader->at == reader->end)
            return false;
        if (skip(reader, '\\') ? !read_escape(reader) : !read_character(reader))
            return false;
    }
    return true;
}

// Keeps the string at `start`, and compares it with the object's keys so far.
static void keep_key(struct reader *reader, size_t first_key, size_t start)
{
    struct key key = {start, reader->length - start};
    for (size_t i = first_key; i < reader->key_count; i++)
        if (reader->keys[i].length == key.length &&
            memcmp(reader->decoded + reader->keys[i].start,
                   reader->decoded + start, key.length) == 0)
            reader->is_beyond = true;
    assert(reader->key_count < sizeof reader->keys / sizeof reader->keys[0]);
    reader->keys[reader->key_count++] = key;
}

// member = string ws ":" ws value
static bool read_member(struct reader *reader, size_t first_key)
{
    size_t start = reader->length;
    skip_space(reader);
    if (!read_string(reader))
        return false;
    keep_key(reader, first_key, start);
    skip_space(reader);
    if (!skip(reader, ':'))
        return false;
    start = reader->length;
    bool is_value = read_value(reader);
    reader->length = start;
    return is_value;
}

// object = "{" [ member *( "," member ) ] "}"; its "{" is read already.
static bool read_object(struct reader *reader)
{
    size_t first_key = reader->key_count;
    size_t start = reader->length;
    skip_space(reader);
    bool is_valid = skip(reader, '}');
    if (!is_valid) {
        do
            is_valid = read_member(reader, first_key);
        while (is_valid && skip(reader, ','));
        is_valid = is_valid && skip(reader, '}');
    }
    reader->key_count = first_key;
    reader->length = start;
    return is_valid;
}

// array = "[" [ value *( "," value ) ] "]"; its "[" is read already.
static bool read_array(struct reader *reader)
{
    size_t start = reader->length;
    bool is_valid;
    skip_space(reader);
    if (skip(reader, ']'))
        return true;
    do {
        is_valid = read_value(reader);
        reader->length = start;
    } while (is_valid && skip(reader, ','));
    return is_valid && skip(reader, ']');
}

static bool read_nested(struct reader *reader, bool (*read)(struct reader *))
{
    if (reader->depth == EVENT_DEPTH_MAX) {
        reader->is_too_deep = true;
        return false;
    }
    reader->depth++;
    bool is_valid = read(reader);
    reader->depth--;
    return is_valid;
}

// A value, and the white space around it.
static bool read_value(struct reader *reader)
{
    bool is_valid;
    skip_space(reader);
    if (reader->at == reader->end)
        return false;
    switch (*reader->at) {
    case '{':
        reader->at++;
        is_valid = read_nested(reader, read_object);
        break;
    case '[':
        reader->at++;
        is_valid = read_nested(reader, read_array);
        break;
    case '"':
        is_valid = read_string(reader);
        break;
    case 't':
        is_valid = skip_word(reader, "true");
        break;
    case 'f':
        is_valid = skip_word(reader, "false");
        break;
    case 'n':
        is_valid = skip_word(reader, "null");
        break;
    default:
        is_valid = read_number(reader);
        break;
    }
    skip_space(reader);
    return is_valid;
}

// A number or a string where none may be can be beyond our limits, too.
static void read_misplaced(struct reader *reader)
{
    skip_space(reader);
    if (reader->at < reader->end && *reader->at == '"')
        read_string(reader);
    else
        read_number(reader);
}

enum json_verdict json_validate(struct slice text)
{
    static struct reader reader;
    assert(text.length <= JSON_VALIDATOR_MAX);
    reader.at = (const unsigned char *)text.bytes;
    reader.end = reader.at + text.length;
    reader.is_beyond = false;
    reader.is_too_deep = false;
    reader.depth = 0;
    reader.length = 0;
    reader.key_count = 0;
    if (!read_value(&reader) || reader.at != reader.end) {
        read_misplaced(&reader);
        return reader.is_too_deep || reader.is_beyond ? JSON_BOTH
                                                      : JSON_INVALID;
    }
    return reader.is_beyond ? JSON_BEYOND : JSON_VALID;
}
