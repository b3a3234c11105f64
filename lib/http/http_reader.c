#include "lib/http/http_reader.h"

#include <stdint.h>

enum http_parse http_reject(struct http_reader *reader, size_t offset,
                            enum http_status status, const char *detail)
{
    reader->request->status = status;
    reader->request->detail = detail;
    reader->request->fault_offset = offset;
    return HTTP_PARSE_REJECTED;
}

enum http_parse http_reject_at(struct http_reader *reader, const char *where,
                               const char *detail)
{
    return http_reject(reader, (size_t)(where - reader->bytes),
                       HTTP_BAD_REQUEST, detail);
}

// field-vchar, SP, HTAB, obs-text: all that a line may contain (RFC 9110, 5.5).
static bool is_text(unsigned char byte)
{
    return (byte >= ' ' && byte != 0x7f) || byte == '\t';
}

// Eight bytes as a number. On any machine, the first byte is the lowest.
static uint64_t read_word(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    bool is_swapped = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    return is_swapped ? __builtin_bswap64(word) : word;
}

// Counts the bytes at the start that are visible or a space, eight at a time. A
// byte that is neither sets the highest bit of its place in the difference or
// in the sum. Only such a byte borrows or carries, and that changes higher
// places alone: so the lowest bit that is set shows the first such byte.
static size_t skip_visible(const char *bytes, size_t length)
{
    const uint64_t each = 0x0101010101010101;
    size_t count = 0;
    for (; length - count >= sizeof each; count += sizeof each) {
        uint64_t word = read_word(bytes + count);
        uint64_t others = ((word - ' ' * each) | (word + each)) & 0x80 * each;
        if (others != 0)
            return count + (size_t)__builtin_ctzll(others) / 8;
    }
    return count;
}

static enum http_parse reject_byte(struct http_reader *reader, size_t offset)
{
    const char *detail = "a control character";
    if (reader->bytes[offset] == '\n')
        detail = "a line ends in CR LF, this is a bare LF";
    if (reader->bytes[offset] == '\r')
        detail = "a line ends in CR LF, this is a bare CR";
    return http_reject(reader, offset, HTTP_BAD_REQUEST, detail);
}

enum http_parse http_read_line(struct http_reader *reader, size_t max,
                               enum http_status status, const char *detail,
                               struct slice *line)
{
    const char *bytes = reader->bytes;
    size_t end = reader->at;
    size_t stop = reader->length - end > max ? end + max : reader->length;
    end += skip_visible(bytes + end, stop - end);
    while (end < stop && is_text((unsigned char)bytes[end]))
        end++;
    if (end == reader->length)
        return HTTP_PARSE_MORE;
    if (is_text((unsigned char)bytes[end]))
        return http_reject(reader, end, status, detail);
    if (bytes[end] != '\r')
        return reject_byte(reader, end);
    if (end + 1 == reader->length)
        return HTTP_PARSE_MORE;
    if (bytes[end + 1] != '\n')
        return reject_byte(reader, end);
    *line = (struct slice){bytes + reader->at, end - reader->at};
    reader->at = end + 2;
    return HTTP_PARSE_DONE;
}

// tchar: a letter, a digit, or one of fifteen marks.
static bool is_token_byte(char byte)
{
    if (is_letter(byte) || is_digit(byte))
        return true;
    switch (byte) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

size_t http_token_length(struct slice text)
{
    size_t length = 0;
    while (length < text.length && is_token_byte(text.bytes[length]))
        length++;
    return length;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct slice http_trim(struct slice text)
{
    while (text.length > 0 && is_blank(text.bytes[0]))
        text = slice_after(text, 1);
    while (text.length > 0 && is_blank(text.bytes[text.length - 1]))
        text.length--;
    return text;
}

enum http_parse http_split_field(struct http_reader *reader, struct slice line,
                                 struct slice *name, struct slice *value)
{
    // An obs-fold continues the line before it. Servers reject it (5.2).
    if (is_blank(line.bytes[0]))
        return http_reject_at(reader, line.bytes,
                              "a header field starts with its name, not with "
                              "white space");
    size_t length = http_token_length(line);
    if (length == 0 || length == line.length || line.bytes[length] != ':')
        return http_reject_at(reader, line.bytes + length,
                              "expected a header field: name, colon, value");
    *name = (struct slice){line.bytes, length};
    *value = http_trim(slice_after(line, length + 1));
    return HTTP_PARSE_DONE;
}
