// The header section of a response: its status, and what the fields say.

#include "lab/load/load_response.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

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

// A date instead of a number is possible (RFC 9110, 10.2.3). -1: it is one.
static int seconds_of(const char *member, size_t length)
{
    enum { DIGITS_MAX = 9 };
    int seconds = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)member[i]) || i == DIGITS_MAX)
            return -1;
        seconds = seconds * 10 + (member[i] - '0');
    }
    return seconds;
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
        if (is_word(line, name, "retry-after"))
            response->retry_after = seconds_of(member, length);
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

enum load_take load_header_read(struct load_response *response)
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
