#include "lab/load/load_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Not with = {0}, which would clear the 4 KiB of header, too.
void load_response_begin(struct load_response *response)
{
    response->status = 0;
    response->server_closes = false;
    response->in_body = false;
    response->header_length = 0;
    response->body_left = 0;
}

// What the header section says about the body and the connection.
static void read_header(struct load_response *response)
{
    response->status =
        (int)strtol(response->header + strlen("HTTP/1.1 "), NULL, 10);
    response->in_body = true;
    char *line = strchr(response->header, '\n');
    for (; line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, "content-length:", 15) == 0)
            response->body_left = (size_t)strtoul(line + 16, NULL, 10);
        if (strncasecmp(line + 1, "connection: close", 17) == 0)
            response->server_closes = true;
    }
}

// Takes bytes up to the end of the header section. Returns how many; 0: the
// header section is too long.
static size_t take_header(struct load_response *response, const char *bytes,
                          size_t length)
{
    size_t start = response->header_length;
    size_t room = LOAD_HEADER_MAX - 1 - start;
    size_t taken = length < room ? length : room;
    memcpy(response->header + start, bytes, taken);
    response->header[start + taken] = '\0';
    char *end =
        strstr(response->header + (start > 3 ? start - 3 : 0), "\r\n\r\n");
    if (end != NULL) {
        response->header_length = (size_t)(end - response->header) + 4;
        response->header[response->header_length] = '\0';
        read_header(response);
        return response->header_length - start;
    }
    response->header_length += taken;
    return taken;
}

enum load_take load_response_take(struct load_response *response,
                                  const char *bytes, size_t length)
{
    while (length > 0 && !response->in_body) {
        size_t taken = take_header(response, bytes, length);
        if (taken == 0)
            return LOAD_TAKE_WRONG;
        bytes += taken;
        length -= taken;
    }
    if (!response->in_body)
        return LOAD_TAKE_MORE;
    response->body_left -=
        length < response->body_left ? length : response->body_left;
    return response->body_left == 0 ? LOAD_TAKE_DONE : LOAD_TAKE_MORE;
}
