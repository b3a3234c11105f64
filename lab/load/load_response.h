#ifndef THAW_LAB_LOAD_LOAD_RESPONSE_H
#define THAW_LAB_LOAD_LOAD_RESPONSE_H

// load_response.h - the end of an answer, found while its bytes come in
//
// A load looks at nothing but the status, the length and whether the server
// closes; the body is counted and thrown away.

#include <stdbool.h>
#include <stddef.h>

enum load_take { LOAD_TAKE_DONE, LOAD_TAKE_MORE, LOAD_TAKE_WRONG };
enum { LOAD_HEADER_MAX = 4096 }; // in bytes; longer than any that we know

struct load_response {
    int status;
    bool server_closes; // it said so
    bool in_body;
    size_t header_length; // bytes of the head that came so far
    size_t body_left;     // bytes of the body that are to come
    char head[LOAD_HEADER_MAX];
};

// Nothing came yet.
void load_response_begin(struct load_response *answer);

// Takes bytes up to the end of the answer. What is behind it is thrown away:
// the next request was not sent yet.
enum load_take load_response_take(struct load_response *answer,
                                  const char *bytes, size_t length);

#endif
