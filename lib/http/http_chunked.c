#include "lib/http/http_reader.h"

#include <string.h>

// Sixteen hexadecimal digits fill 64 bits. A longer size would overflow, or
// start with zeros.
enum { DIGITS_MAX = 16 };

// chunk-size = 1*HEXDIG. Returns how many digits there are.
static size_t read_size(struct slice line, unsigned long long *size)
{
    size_t count = 0;
    *size = 0;
    while (count < line.length && hexadecimal_value(line.bytes[count]) >= 0) {
        *size = *size << 4 | (unsigned)hexadecimal_value(line.bytes[count]);
        count++;
    }
    return count;
}

static bool skip(struct slice *text, size_t length)
{
    *text = slice_after(*text, length);
    return length > 0;
}

static bool skip_byte(struct slice *text, char byte)
{
    return skip(text, text->length > 0 && text->bytes[0] == byte);
}

// BWS, bad white space: clients must not send it, servers must accept it.
static void skip_blanks(struct slice *text)
{
    while (skip_byte(text, ' ') || skip_byte(text, '\t'))
        ;
}

// token / quoted-string (RFC 9110, 5.6.4). 0: it is neither.
static size_t value_length(struct slice text)
{
    if (!slice_starts_with(text, "\""))
        return http_token_length(text);
    for (size_t i = 1; i < text.length; i++) {
        if (text.bytes[i] == '"')
            return i + 1;
        if (text.bytes[i] == '\\')
            i++;
    }
    return 0;
}

// BWS ";" BWS name [ BWS "=" BWS value ]. The content of an extension is
// ignored (RFC 9112, 7.1.1). Its syntax is checked, because servers differ in
// where they see the end of an invalid one.
static bool skip_extension(struct slice *text)
{
    skip_blanks(text);
    if (!skip_byte(text, ';'))
        return false;
    skip_blanks(text);
    if (!skip(text, http_token_length(*text)))
        return false;
    struct slice ahead = *text;
    skip_blanks(&ahead);
    if (!skip_byte(&ahead, '='))
        return true;
    skip_blanks(&ahead);
    *text = ahead;
    return skip(text, value_length(*text));
}

// Chunk extensions and trailers share one limit. `used` bytes of it are used.
static size_t limit_left(const struct http_reader *reader, size_t used)
{
    size_t max = (size_t)reader->limits->trailers_max;
    return used < max ? max - used : 0;
}

// chunk-size [ chunk-ext ] CRLF
static enum http_parse read_chunk_line(struct http_reader *reader, size_t used,
                                       struct slice *line,
                                       unsigned long long *size,
                                       size_t *extensions_length)
{
    enum http_parse result = http_read_line(
        reader, DIGITS_MAX + limit_left(reader, used), HTTP_BAD_REQUEST,
        "chunk extensions beyond the limit", line);
    if (result != HTTP_PARSE_DONE)
        return result;
    size_t digits = read_size(*line, size);
    if (digits == 0 || digits > DIGITS_MAX)
        return http_reject_at(reader, line->bytes,
                              "expected a chunk size of 1 to 16 hexadecimal "
                              "digits");
    struct slice extensions = slice_after(*line, digits);
    if (extensions.length > limit_left(reader, used))
        return http_reject_at(reader, extensions.bytes,
                              "chunk extensions beyond the limit");
    *extensions_length = extensions.length;
    while (extensions.length > 0)
        if (!skip_extension(&extensions))
            return http_reject_at(reader, extensions.bytes,
                                  "expected CR LF or a chunk extension: "
                                  "';' name '=' value");
    return HTTP_PARSE_DONE;
}

// chunk-data CRLF. A wrong byte is rejected as soon as it is received.
static enum http_parse skip_data(struct http_reader *reader, size_t size)
{
    static const char end[2] = {'\r', '\n'};
    size_t received = reader->length - reader->at;
    for (size_t i = 0; i < sizeof end && size + i < received; i++)
        if (reader->bytes[reader->at + size + i] != end[i])
            return http_reject(reader, reader->at + size + i, HTTP_BAD_REQUEST,
                               "expected CR LF after the chunk: is its size "
                               "right?");
    if (received < size + sizeof end)
        return HTTP_PARSE_MORE;
    reader->at += size + sizeof end;
    return HTTP_PARSE_DONE;
}

// trailer-section = *( field-line CRLF ), and the CRLF that ends the body.
static enum http_parse skip_trailers(struct http_reader *reader, size_t used)
{
    static const char too_many[] = "trailer fields beyond the limit";
    while (true) {
        struct slice line;
        struct slice name;
        struct slice value;
        enum http_parse result =
            http_read_line(reader, limit_left(reader, used), HTTP_BAD_REQUEST,
                           too_many, &line);
        if (result != HTTP_PARSE_DONE || line.length == 0)
            return result;
        result = http_split_field(reader, line, &name, &value);
        if (result != HTTP_PARSE_DONE)
            return result;
        used += line.length;
    }
}

// All chunks are complete and checked: this moves their data together.
static struct slice join_chunks(char *start, const char *wire_end)
{
    char *end = start;
    const char *next = start;
    while (true) {
        const char *line_end = memchr(next, '\r', (size_t)(wire_end - next));
        unsigned long long size = 0;
        read_size((struct slice){next, (size_t)(line_end - next)}, &size);
        if (size == 0)
            return (struct slice){start, (size_t)(end - start)};
        memmove(end, line_end + 2, (size_t)size);
        end += size;
        next = line_end + 2 + size + 2;
    }
}

// Framing may use as many bytes as data, and not more: a body in chunks of one
// byte would use six times its length in memory.
static size_t wire_max(const struct http_limits *limits)
{
    return 2 * (size_t)limits->body_max + (size_t)limits->trailers_max;
}

enum http_parse http_parse_chunked(struct http_reader *reader,
                                   struct http_progress *progress)
{
    const size_t start = progress->header_length;
    if (progress->chunks_end == 0)
        progress->chunks_end = start;
    reader->at = progress->chunks_end;
    while (true) {
        struct slice line;
        unsigned long long size = 0;
        size_t extensions_length = 0;
        if (reader->at - start > wire_max(reader->limits))
            return http_reject(reader, reader->at - 1, HTTP_CONTENT_TOO_LARGE,
                               "chunks too small for a body of this length");
        enum http_parse result =
            read_chunk_line(reader, progress->extensions_length, &line, &size,
                            &extensions_length);
        if (result != HTTP_PARSE_DONE)
            return result;
        if (size == 0) {
            result = skip_trailers(reader, progress->extensions_length +
                                               extensions_length);
            if (result == HTTP_PARSE_DONE)
                reader->request->body = join_chunks(reader->bytes + start,
                                                    reader->bytes + reader->at);
            return result;
        }
        if (size > (size_t)reader->limits->body_max - progress->body_length)
            return http_reject(reader, reader->at - 1, HTTP_CONTENT_TOO_LARGE,
                               "a body beyond the limit");
        result = skip_data(reader, (size_t)size);
        if (result != HTTP_PARSE_DONE)
            return result;
        progress->chunks_end = reader->at;
        progress->body_length += (size_t)size;
        progress->extensions_length += extensions_length;
    }
}
