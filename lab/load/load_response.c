#include "lab/load/load_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Not with = {0}: the room for a head is not cleared for each answer.
void load_response_begin(struct load_response *answer)
{
    answer->status = 0;
    answer->server_closes = false;
    answer->in_body = false;
    answer->header_length = 0;
    answer->body_left = 0;
}

// What the head says about the body, and about the connection.
static void read_head(struct load_response *answer)
{
    answer->status = (int)strtol(answer->head + strlen("HTTP/1.1 "), NULL, 10);
    answer->in_body = true;
    char *line = strchr(answer->head, '\n');
    for (; line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, "content-length:", 15) == 0)
            answer->body_left = (size_t)strtoul(line + 16, NULL, 10);
        if (strncasecmp(line + 1, "connection: close", 17) == 0)
            answer->server_closes = true;
    }
}

// Takes bytes up to the end of the head. Returns how many, or 0 where the head
// is longer than any that we know.
static size_t take_head(struct load_response *answer, const char *bytes,
                        size_t length)
{
    size_t start = answer->header_length;
    size_t room = LOAD_HEADER_MAX - 1 - start;
    size_t taken = length < room ? length : room;
    memcpy(answer->head + start, bytes, taken);
    answer->head[start + taken] = '\0';
    char *end = strstr(answer->head + (start > 3 ? start - 3 : 0), "\r\n\r\n");
    if (end != NULL) {
        answer->header_length = (size_t)(end - answer->head) + 4;
        answer->head[answer->header_length] = '\0';
        read_head(answer);
        return answer->header_length - start;
    }
    answer->header_length += taken;
    return taken;
}

enum load_take load_response_take(struct load_response *answer,
                                  const char *bytes, size_t length)
{
    while (length > 0 && !answer->in_body) {
        size_t taken = take_head(answer, bytes, length);
        if (taken == 0)
            return LOAD_TAKE_WRONG;
        bytes += taken;
        length -= taken;
    }
    if (!answer->in_body)
        return LOAD_TAKE_MORE;
    answer->body_left -=
        length < answer->body_left ? length : answer->body_left;
    return answer->body_left == 0 ? LOAD_TAKE_DONE : LOAD_TAKE_MORE;
}
