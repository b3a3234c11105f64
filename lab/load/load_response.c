#include "lab/load/load_response.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

// Not with = {0}, which would clear the 16 KiB of header, too.
void load_response_begin(struct load_response *response)
{
    response->status = 0;
    response->server_closes = false;
    response->part = LOAD_HEADER;
    response->digits = 0;
    response->has_text = false;
    response->body_left = 0;
    response->header_length = 0;
}

// What the fields say about the body. Several fields of one name are one list.
struct framing {
    bool has_length, is_coded, is_chunked, keeps_alive;
    uint64_t length;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

// The next member of a comma-separated list; false: there is no other.
static bool next_member(const char **list, const char **member, size_t *length)
{
    while (is_space(**list) || **list == ',')
        (*list)++;
    *member = *list;
    *list += strcspn(*list, ",");
    const char *end = *list;
    while (end > *member && is_space(end[-1]))
        end--;
    *length = (size_t)(end - *member);
    return *length > 0;
}

static bool is_word(const char *member, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(member, word, length) == 0;
}

static bool add_length(struct framing *framing, const char *text, size_t length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]) || value > UINT64_MAX / 10 - 1)
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (framing->has_length && framing->length != value)
        return false;
    framing->has_length = true;
    framing->length = value;
    return true;
}

// One field line, without its line end. False: its length is no length.
static bool read_field(struct load_response *response, struct framing *framing,
                       const char *line)
{
    const char *value = strchr(line, ':');
    const char *member;
    size_t length;
    if (value == NULL)
        return true;
    size_t name = (size_t)(value++ - line);
    while (next_member(&value, &member, &length)) {
        if (is_word(line, name, "content-length") &&
            !add_length(framing, member, length))
            return false;
        if (is_word(line, name, "transfer-encoding")) {
            framing->is_coded = true;
            framing->is_chunked = is_word(member, length, "chunked");
        }
        if (is_word(line, name, "connection")) {
            response->server_closes |= is_word(member, length, "close");
            framing->keeps_alive |= is_word(member, length, "keep-alive");
        }
    }
    return framing->has_length || !is_word(line, name, "content-length");
}

// "HTTP/1.1 200 ...". A server of HTTP/1.0 closes if it does not say otherwise.
static bool read_status(struct load_response *response, const char *line)
{
    const char *digits = line + strlen("HTTP/1.1 ");
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 ||
        !isdigit((unsigned char)line[7]) || line[8] != ' ')
        return false;
    for (int i = 0; i < 3; i++)
        if (!isdigit((unsigned char)digits[i]))
            return false;
    if (digits[3] != ' ' && digits[3] != '\0')
        return false;
    response->status =
        (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    return response->status >= 100;
}

// Cuts the header into lines, in place. A line that begins with a space goes on
// with the one before it (RFC 9112, 5.2).
static char *next_line(char **lines)
{
    char *line = *lines;
    char *end = strchr(line, '\n');
    while (end != NULL && is_space(end[1])) {
        *end = ' ';
        if (end > line && end[-1] == '\r')
            end[-1] = ' ';
        end = strchr(end, '\n');
    }
    *lines = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        end[end > line && end[-1] == '\r' ? -1 : 0] = '\0';
    return line;
}

static enum load_take begin_body(struct load_response *response,
                                 const struct framing *framing)
{
    int status = response->status;
    if (status < 200 && status != 101) {
        load_response_begin(response);
        return LOAD_TAKE_MORE;
    }
    response->part = LOAD_LENGTH;
    if (status == 101)
        return LOAD_TAKE_WRONG;
    if (status == 204 || status == 304)
        return LOAD_TAKE_DONE;
    if (framing->is_chunked) {
        response->part = LOAD_CHUNK_SIZE;
    } else if (framing->is_coded || !framing->has_length) {
        response->part = LOAD_TO_END;
        response->server_closes = true;
    } else if (framing->length == 0) {
        return LOAD_TAKE_DONE;
    }
    response->body_left = framing->is_coded ? 0 : framing->length;
    return LOAD_TAKE_MORE;
}

static enum load_take read_header(struct load_response *response)
{
    struct framing framing = {0};
    char *lines = response->header;
    char *line = next_line(&lines);
    if (!read_status(response, line))
        return LOAD_TAKE_WRONG;
    bool is_old = line[7] == '0';
    for (line = next_line(&lines); *line != '\0'; line = next_line(&lines))
        if (!read_field(response, &framing, line))
            return LOAD_TAKE_WRONG;
    if (is_old && (!framing.keeps_alive || framing.is_coded))
        response->server_closes = true;
    return begin_body(response, &framing);
}

// The header ends with an empty line, whose line end may be a bare LF.
static bool is_at_end(const char *header, size_t length)
{
    return (length >= 2 && memcmp(header + length - 2, "\n\n", 2) == 0) ||
           (length >= 3 && memcmp(header + length - 3, "\n\r\n", 3) == 0);
}

// Takes bytes up to the end of this line. Returns how many; 0: they are wrong.
static size_t take_line(struct load_response *response, const char *bytes,
                        size_t length)
{
    const char *end = memchr(bytes, '\n', length);
    size_t taken = end != NULL ? (size_t)(end - bytes) + 1 : length;
    if (taken >= LOAD_HEADER_MAX - response->header_length ||
        memchr(bytes, '\0', taken) != NULL)
        return 0;
    memcpy(response->header + response->header_length, bytes, taken);
    response->header_length += taken;
    return taken;
}

static enum load_take take_header(struct load_response *response,
                                  const char *bytes, size_t length,
                                  size_t *taken)
{
    *taken = take_line(response, bytes, length);
    if (*taken == 0)
        return LOAD_TAKE_WRONG;
    if (!is_at_end(response->header, response->header_length))
        return LOAD_TAKE_MORE;
    response->header[response->header_length] = '\0';
    return read_header(response);
}

static enum load_take take_size(struct load_response *response, char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char *digit = strchr(hex, tolower((unsigned char)byte));
    if (byte != '\0' && digit != NULL) {
        if (response->body_left > UINT64_MAX >> 4)
            return LOAD_TAKE_WRONG;
        response->body_left =
            response->body_left << 4 | (uint64_t)(digit - hex);
        response->digits++;
        return LOAD_TAKE_MORE;
    }
    if (response->digits == 0)
        return LOAD_TAKE_WRONG;
    if (byte != '\n') {
        response->part = LOAD_CHUNK_EXTENSION;
        return is_space(byte) || byte == ';' || byte == '\r' ? LOAD_TAKE_MORE
                                                             : LOAD_TAKE_WRONG;
    }
    response->digits = 0;
    response->part = response->body_left > 0 ? LOAD_CHUNK_DATA : LOAD_TRAILERS;
    return LOAD_TAKE_MORE;
}

static enum load_take take_trailer(struct load_response *response, char byte)
{
    bool ends = byte == '\n' && !response->has_text;
    if (byte != '\r')
        response->has_text = byte != '\n';
    return ends ? LOAD_TAKE_DONE : LOAD_TAKE_MORE;
}

// One byte of the framing of chunks.
static enum load_take take_byte(struct load_response *response, char byte)
{
    switch (response->part) {
    case LOAD_CHUNK_SIZE:
        return take_size(response, byte);
    case LOAD_CHUNK_EXTENSION:
        return byte == '\n' ? take_size(response, byte) : LOAD_TAKE_MORE;
    case LOAD_CHUNK_DATA_END:
        if (byte == '\n')
            response->part = LOAD_CHUNK_SIZE;
        return byte == '\n' || byte == '\r' ? LOAD_TAKE_MORE : LOAD_TAKE_WRONG;
    case LOAD_TRAILERS:
        return take_trailer(response, byte);
    case LOAD_HEADER:
    case LOAD_LENGTH:
    case LOAD_CHUNK_DATA:
    case LOAD_TO_END:
        break;
    }
    return LOAD_TAKE_WRONG;
}

// Takes data of the body. Returns how many bytes.
static size_t take_data(struct load_response *response, size_t length)
{
    if (response->part == LOAD_TO_END)
        return length;
    size_t taken =
        length < response->body_left ? length : (size_t)response->body_left;
    response->body_left -= taken;
    if (response->part == LOAD_CHUNK_DATA && response->body_left == 0)
        response->part = LOAD_CHUNK_DATA_END;
    return taken;
}

static enum load_take take_some(struct load_response *response,
                                const char *bytes, size_t length, size_t *taken)
{
    *taken = 1;
    switch (response->part) {
    case LOAD_HEADER:
        return take_header(response, bytes, length, taken);
    case LOAD_LENGTH:
    case LOAD_CHUNK_DATA:
    case LOAD_TO_END:
        *taken = take_data(response, length);
        return response->part == LOAD_LENGTH && response->body_left == 0
                   ? LOAD_TAKE_DONE
                   : LOAD_TAKE_MORE;
    case LOAD_CHUNK_SIZE:
    case LOAD_CHUNK_EXTENSION:
    case LOAD_CHUNK_DATA_END:
    case LOAD_TRAILERS:
        break;
    }
    return take_byte(response, bytes[0]);
}

enum load_take load_response_take(struct load_response *response,
                                  const char *bytes, size_t length)
{
    enum load_take result = LOAD_TAKE_MORE;
    while (length > 0 && result == LOAD_TAKE_MORE) {
        size_t taken;
        result = take_some(response, bytes, length, &taken);
        bytes += taken;
        length -= taken;
    }
    if (length > 0)
        response->server_closes = true;
    return result;
}

bool load_response_end(const struct load_response *response)
{
    return response->part == LOAD_TO_END;
}
