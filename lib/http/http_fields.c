#include "lib/http/http_reader.h"

// "[" IPv6address "]", checked only by which bytes it has. 0: it is something
// else.
static size_t address_length(struct slice text)
{
    size_t length = 1;
    while (length < text.length &&
           (hexadecimal_value(text.bytes[length]) >= 0 ||
            text.bytes[length] == ':' || text.bytes[length] == '.'))
        length++;
    bool closed = length < text.length && text.bytes[length] == ']';
    return closed && length > 2 ? length + 1 : 0;
}

// unreserved / pct-encoded / sub-delims
static bool is_name_byte(char byte)
{
    if (is_letter(byte) || is_digit(byte))
        return true;
    switch (byte) {
    case '-':
    case '.':
    case '_':
    case '~':
    case '%':
    case '!':
    case '$':
    case '&':
    case '\'':
    case '(':
    case ')':
    case '*':
    case '+':
    case ',':
    case ';':
    case '=':
        return true;
    default:
        return false;
    }
}

static size_t name_length(struct slice text)
{
    size_t length = 0;
    while (length < text.length && is_name_byte(text.bytes[length]))
        length++;
    return length;
}

size_t http_host_length(struct slice text)
{
    size_t length =
        slice_starts_with(text, "[") ? address_length(text) : name_length(text);
    if (length == text.length || text.bytes[length] != ':')
        return length;
    length++;
    while (length < text.length && is_digit(text.bytes[length]))
        length++;
    return length;
}

// Host = uri-host [ ":" port ]. A server must reject any other value (RFC 9112,
// 3.2).
static enum http_parse on_host(struct http_reader *reader, struct slice value,
                               struct http_framing *framing)
{
    if (framing->has_host)
        return http_reject_at(reader, value.bytes,
                              "Host: expected once, this is the second");
    framing->has_host = true;
    size_t length = http_host_length(value);
    if (length < value.length)
        return http_reject_at(reader, value.bytes + length,
                              "Host: expected a host name and a port");
    return HTTP_PARSE_DONE;
}

// Content-Length = 1*DIGIT. A number beyond 64 bits is beyond any limit.
static enum http_parse on_content_length(struct http_reader *reader,
                                         struct slice value,
                                         struct http_framing *framing)
{
    unsigned long long length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (!is_digit(value.bytes[i]))
            return http_reject_at(reader, value.bytes + i,
                                  "Content-Length: expected digits only");
        unsigned digit = (unsigned)(value.bytes[i] - '0');
        if (__builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, digit, &length))
            return http_reject(
                reader, (size_t)(value.bytes + i - reader->bytes),
                HTTP_CONTENT_TOO_LARGE, "a body beyond the limit");
    }
    if (value.length == 0)
        return http_reject_at(reader, value.bytes,
                              "Content-Length: expected digits");
    if (framing->has_length && framing->content_length != length)
        return http_reject_at(reader, value.bytes,
                              "Content-Length: differs from the one before");
    framing->has_length = true;
    framing->content_length = length;
    return HTTP_PARSE_DONE;
}

static struct slice last_member(struct slice list)
{
    struct slice last = list;
    for (size_t i = 0; i < list.length; i++)
        if (list.bytes[i] == ',')
            last = slice_after(list, i + 1);
    while (slice_starts_with(last, " ") || slice_starts_with(last, "\t"))
        last = slice_after(last, 1);
    return last;
}

// Transfer-Encoding = #transfer-coding. check_codings rejects the wrong ones:
// the status depends on all codings together.
static enum http_parse on_transfer_encoding(struct http_reader *reader,
                                            struct slice value,
                                            struct http_framing *framing)
{
    if (framing->chunked)
        return http_reject_at(reader, value.bytes,
                              "Transfer-Encoding: expected once");
    framing->has_coding = true;
    framing->chunked = slice_is_ignoring_case(last_member(value), "chunked");
    if (!slice_is_ignoring_case(value, "chunked"))
        framing->has_other_coding = true;
    return HTTP_PARSE_DONE;
}

// Connection = #connection-option, in any case (RFC 9110, 7.6.1)
static void on_connection(struct slice value, struct http_framing *framing)
{
    while (value.length > 0) {
        size_t length = http_token_length(value);
        struct slice option = {value.bytes, length};
        if (slice_is_ignoring_case(option, "close"))
            framing->asks_to_close = true;
        if (slice_is_ignoring_case(option, "keep-alive"))
            framing->asks_to_keep_alive = true;
        value = slice_after(value, length > 0 ? length : 1);
    }
}

// A server ignores Expect in HTTP/1.0 (RFC 9110, 10.1.1).
static enum http_parse on_expect(struct http_reader *reader, struct slice value,
                                 struct http_framing *framing)
{
    if (framing->minor_version == 0)
        return HTTP_PARSE_DONE;
    if (!slice_is_ignoring_case(value, "100-continue"))
        return http_reject(reader, (size_t)(value.bytes - reader->bytes),
                           HTTP_EXPECTATION_FAILED,
                           "Expect: expected 100-continue");
    framing->asks_to_continue = true;
    return HTTP_PARSE_DONE;
}

// The case of a name does not matter (RFC 9110, 5.1). Other fields are ignored.
static enum http_parse on_field(struct http_reader *reader, struct slice line,
                                struct http_framing *framing)
{
    struct slice name;
    struct slice value;
    enum http_parse result = http_split_field(reader, line, &name, &value);
    if (result != HTTP_PARSE_DONE)
        return result;
    if (slice_is_ignoring_case(name, "Host"))
        return on_host(reader, value, framing);
    if (slice_is_ignoring_case(name, "Content-Length"))
        return on_content_length(reader, value, framing);
    if (slice_is_ignoring_case(name, "Transfer-Encoding"))
        return on_transfer_encoding(reader, value, framing);
    if (slice_is_ignoring_case(name, "Expect"))
        return on_expect(reader, value, framing);
    if (slice_is_ignoring_case(name, "Connection"))
        on_connection(value, framing);
    return HTTP_PARSE_DONE;
}

// Unless chunked is the last coding, the end of the body is unknown: a 400 (RFC
// 9112, 6.3). Other codings before it are not implemented: a 501 (6.1).
static enum http_parse check_codings(struct http_reader *reader,
                                     const struct http_framing *framing)
{
    if (framing->has_coding && !framing->chunked)
        return http_reject(reader, reader->at - 1, HTTP_BAD_REQUEST,
                           "Transfer-Encoding: expected chunked as the last");
    if (framing->has_coding && framing->has_length)
        return http_reject(reader, reader->at - 1, HTTP_BAD_REQUEST,
                           "Content-Length and Transfer-Encoding: expected "
                           "only one");
    if (framing->has_coding && framing->minor_version == 0)
        return http_reject(reader, reader->at - 1, HTTP_BAD_REQUEST,
                           "Transfer-Encoding: not in HTTP/1.0");
    if (framing->has_other_coding)
        return http_reject(reader, reader->at - 1, HTTP_NOT_IMPLEMENTED,
                           "Transfer-Encoding: expected chunked only");
    return HTTP_PARSE_DONE;
}

// Checks for which the header section must be complete.
static enum http_parse check_framing(struct http_reader *reader,
                                     const struct http_framing *framing)
{
    if (!framing->has_host && framing->minor_version > 0)
        return http_reject(reader, reader->at - 1, HTTP_BAD_REQUEST,
                           "Host: missing");
    enum http_parse result = check_codings(reader, framing);
    if (result != HTTP_PARSE_DONE)
        return result;
    if (framing->content_length > (size_t)reader->limits->body_max)
        return http_reject(reader, reader->at - 1, HTTP_CONTENT_TOO_LARGE,
                           "a body beyond the limit");
    return HTTP_PARSE_DONE;
}

enum http_parse http_read_fields(struct http_reader *reader,
                                 struct http_framing *framing)
{
    static const char too_long[] =
        "request line and header section beyond the limit";
    const size_t header_max =
        reader->start + (size_t)reader->limits->header_max;
    if (reader->at > header_max)
        return http_reject(reader, header_max, HTTP_FIELDS_TOO_LARGE, too_long);
    for (int count = 0;; count++) {
        struct slice line;
        size_t left =
            reader->at + 2 < header_max ? header_max - reader->at - 2 : 0;
        enum http_parse result = http_read_line(
            reader, left, HTTP_FIELDS_TOO_LARGE, too_long, &line);
        if (result != HTTP_PARSE_DONE)
            return result;
        if (line.length == 0)
            return check_framing(reader, framing);
        if (count == reader->limits->fields_max)
            return http_reject(reader, (size_t)(line.bytes - reader->bytes),
                               HTTP_FIELDS_TOO_LARGE,
                               "more header fields than the limit");
        result = on_field(reader, line, framing);
        if (result != HTTP_PARSE_DONE)
            return result;
    }
}
