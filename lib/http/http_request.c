#include "lib/http/http_request.h"
#include "lib/http/http_reader.h"

static enum http_parse reject_request_line(struct http_reader *reader,
                                           const char *at)
{
    return http_reject_at(reader, at,
                          "expected a request line: method, target, HTTP/1.1");
}

// method = token
static enum http_parse read_method(struct http_reader *reader,
                                   struct slice *line)
{
    size_t length = http_token_length(*line);
    if (length == 0 || length == line->length || line->bytes[length] != ' ')
        return reject_request_line(reader, line->bytes + length);
    reader->request->method = (struct slice){line->bytes, length};
    *line = slice_after(*line, length + 1);
    return HTTP_PARSE_DONE;
}

// Cuts "http://host" off an absolute-form target (RFC 9112, 3.2.2). Only
// clients of proxies need that form, but every server must accept it.
static bool cut_authority(struct slice *target)
{
    static const char scheme[] = "http://";
    size_t start = sizeof scheme - 1;
    if (target->length <= start ||
        strncasecmp(target->bytes, scheme, start) != 0)
        return false;
    size_t end = start;
    while (end < target->length && target->bytes[end] != '/' &&
           target->bytes[end] != '?')
        end++;
    struct slice host = {target->bytes + start, end - start};
    bool has_host = end > start && host.bytes[0] != ':' &&
                    http_host_length(host) == host.length;
    *target = slice_after(*target, end);
    return has_host;
}

static struct slice without_query(struct slice target)
{
    size_t length = 0;
    while (length < target.length && target.bytes[length] != '?')
        length++;
    return length > 0 ? (struct slice){target.bytes, length}
                      : (struct slice)SLICE("/");
}

// Splits the request line after its target, which check_target then reads.
static enum http_parse read_target(struct http_reader *reader,
                                   struct slice *line, struct slice *target)
{
    *target = (struct slice){line->bytes, 0};
    while (target->length < line->length &&
           http_is_visible(line->bytes[target->length]) &&
           line->bytes[target->length] != '#')
        target->length++;
    const char *end = target->bytes + target->length;
    if (target->length == line->length || *end != ' ')
        return http_reject_at(reader, end,
                              "expected a target of visible ASCII, without "
                              "'#', then one space and HTTP/1.1");
    *line = slice_after(*line, target->length + 1);
    return HTTP_PARSE_DONE;
}

// HTTP-version = "HTTP/" DIGIT "." DIGIT. A higher minor version of HTTP/1 is
// read as 1.1 (RFC 9110, 2.5).
static enum http_parse read_version(struct http_reader *reader,
                                    struct slice text,
                                    struct http_framing *framing)
{
    if (text.length != 8 || !slice_starts_with(text, "HTTP/") ||
        !is_digit(text.bytes[5]) || text.bytes[6] != '.' ||
        !is_digit(text.bytes[7]))
        return http_reject_at(reader, text.bytes, "expected HTTP/1.1");
    if (text.bytes[5] != '1')
        return http_reject(reader, (size_t)(text.bytes + 5 - reader->bytes),
                           HTTP_VERSION_NOT_SUPPORTED, "expected HTTP/1.1");
    framing->minor_version = text.bytes[7] - '0';
    return HTTP_PARSE_DONE;
}

// request-target = origin-form / absolute-form / asterisk-form (RFC 9112, 3.2)
static enum http_parse check_target(struct http_reader *reader,
                                    struct slice target)
{
    struct http_request *request = reader->request;
    if (slice_is(request->method, "CONNECT"))
        return http_reject(reader, (size_t)(target.bytes - reader->bytes),
                           HTTP_NOT_IMPLEMENTED, "CONNECT is for proxies");
    bool is_asterisk =
        slice_is(target, "*") && slice_is(request->method, "OPTIONS");
    if (!is_asterisk && !slice_starts_with(target, "/") &&
        !cut_authority(&target))
        return http_reject_at(reader, target.bytes,
                              "expected a target that starts with '/'");
    request->path = without_query(target);
    return HTTP_PARSE_DONE;
}

// request-line = method SP request-target SP HTTP-version CRLF
static enum http_parse read_request_line(struct http_reader *reader,
                                         struct http_framing *framing)
{
    struct slice line;
    struct slice target;
    enum http_parse result = http_read_line(
        reader, (size_t)reader->limits->line_max, HTTP_URI_TOO_LONG,
        "a request line beyond the limit", &line);
    if (result == HTTP_PARSE_DONE)
        result = read_method(reader, &line);
    if (result == HTTP_PARSE_DONE)
        result = read_target(reader, &line, &target);
    if (result == HTTP_PARSE_DONE)
        result = read_version(reader, line, framing);
    if (result == HTTP_PARSE_DONE)
        result = check_target(reader, target);
    return result;
}

static bool is_limit_of_empty_lines(size_t length)
{
    return length == HTTP_EMPTY_LINES_MAX * strlen("\r\n");
}

// Returns how many bytes at the start are empty lines. The last line may lack
// its LF if nothing else has arrived.
static size_t empty_lines_length(struct slice bytes)
{
    static const char line[2] = {'\r', '\n'};
    size_t length = 0;
    while (length < bytes.length && !is_limit_of_empty_lines(length) &&
           bytes.bytes[length] == line[length % sizeof line])
        length++;
    return length == bytes.length ? length : length - length % sizeof line;
}

bool http_has_begun(struct slice bytes)
{
    return empty_lines_length(bytes) < bytes.length;
}

static enum http_parse read_header(struct http_reader *reader,
                                   struct http_framing *framing)
{
    reader->start =
        empty_lines_length((struct slice){reader->bytes, reader->length});
    reader->at = reader->start;
    if (reader->at == reader->length)
        return HTTP_PARSE_MORE;
    const char *first = reader->bytes + reader->start;
    if (*first == '\r' && is_limit_of_empty_lines(reader->start))
        return reject_request_line(reader, first); // its LF changes nothing
    enum http_parse result = read_request_line(reader, framing);
    if (result == HTTP_PARSE_DONE)
        result = http_read_fields(reader, framing);
    return result;
}

static enum http_parse read_body(struct http_reader *reader,
                                 const struct http_framing *framing,
                                 struct http_progress *progress)
{
    if (framing->chunked)
        return http_parse_chunked(reader, progress);
    size_t length = (size_t)framing->content_length;
    if (reader->length - reader->at < length)
        return HTTP_PARSE_MORE;
    reader->request->body = (struct slice){reader->bytes + reader->at, length};
    reader->at += length;
    return HTTP_PARSE_DONE;
}

enum http_parse http_parse_request(char *bytes, size_t length,
                                   const struct http_limits *limits,
                                   struct http_progress *progress,
                                   struct http_request *request)
{
    *request = (struct http_request){0};
    struct http_framing framing = {0};
    struct http_reader reader = {
        .bytes = bytes, .length = length, .limits = limits, .request = request};
    enum http_parse result = read_header(&reader, &framing);
    if (result != HTTP_PARSE_DONE)
        return result;
    progress->header_length = reader.at;
    request->wants_continue = framing.asks_to_continue;
    request->keep_alive =
        !framing.asks_to_close &&
        (framing.minor_version > 0 || framing.asks_to_keep_alive);
    result = read_body(&reader, &framing, progress);
    request->length = reader.at;
    return result;
}
