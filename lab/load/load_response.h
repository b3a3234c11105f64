#ifndef THAW_LAB_LOAD_LOAD_RESPONSE_H
#define THAW_LAB_LOAD_LOAD_RESPONSE_H

// load_response.h - finds the end of a response while its bytes come in
//
// The load reads the status, the length and whether the server closes. It
// counts the bytes of the body and discards them.

#include <stdbool.h>
#include <stddef.h>

enum load_take { LOAD_TAKE_DONE, LOAD_TAKE_MORE, LOAD_TAKE_WRONG };
enum { LOAD_HEADER_MAX = 4096 }; // in bytes; far more than the servers send

struct load_response {
    int status;
    bool server_closes; // it said so
    bool in_body;
    size_t header_length; // bytes of the header section so far
    size_t body_left;     // bytes of the body that are still to come
    char header[LOAD_HEADER_MAX];
};

void load_response_begin(struct load_response *response);

// Takes bytes up to the end of the response, and discards those after it: the
// next request is not sent yet.
enum load_take load_response_take(struct load_response *response,
                                  const char *bytes, size_t length);

#endif
