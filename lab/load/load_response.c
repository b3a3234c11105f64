#include "lab/load/load_response.h"

#include <ctype.h>
#include <string.h>

// Not with = {0}, which would clear the 16 KiB of header, too.
void load_response_begin(struct load_response *response)
{
    response->status = 0;
    response->retry_after = -1;
    response->server_closes = false;
    response->part = LOAD_HEADER;
    response->digits = 0;
    response->has_text = false;
    response->body_left = 0;
    response->header_length = 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
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
    return load_header_read(response);
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
