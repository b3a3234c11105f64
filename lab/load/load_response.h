#ifndef THAW_LAB_LOAD_LOAD_RESPONSE_H
#define THAW_LAB_LOAD_LOAD_RESPONSE_H

// load_response.h - finds the end of a response while its bytes come in
//
//     load_response_begin -> load_response_take -> ... -> DONE
//                                |                          ^
//                                +-- the server closes ---> load_response_end
//
// * The body ends as RFC 9112, 6.3 says: none, chunked, a length, or the end of
//   the connection.
// * A status of 100 to 199 is no response yet, so the next header is awaited.
// * The bytes of the body are counted and discarded.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_take { LOAD_TAKE_DONE, LOAD_TAKE_MORE, LOAD_TAKE_WRONG };
enum { LOAD_HEADER_MAX = 16384 }; // in bytes

// What the next byte belongs to. From LOAD_CHUNK_SIZE on, the body is chunked.
enum load_part {
    LOAD_HEADER,
    LOAD_LENGTH, // a body of a known length
    LOAD_TO_END, // a body up to the end of the connection
    LOAD_CHUNK_SIZE,
    LOAD_CHUNK_EXTENSION,
    LOAD_CHUNK_DATA,
    LOAD_CHUNK_DATA_END, // the line end after the data
    LOAD_TRAILERS,
};

struct load_response {
    int status;
    int retry_after;    // in seconds; -1: it does not say, or gives a date
    bool server_closes; // it said so, or the connection can't be used again
    enum load_part part;
    int digits;           // of the size of this chunk
    bool has_text;        // this line of the trailers is not empty
    uint64_t body_left;   // bytes of the body, or of the chunk, still to come
    size_t header_length; // bytes of the header section so far
    char header[LOAD_HEADER_MAX];
};

void load_response_begin(struct load_response *response);

// Takes bytes up to the end of the response. There should be none after it: no
// other request is sent yet. If there are, server_closes is set.
enum load_take load_response_take(struct load_response *response,
                                  const char *bytes, size_t length);

// For load_response.c. Reads the whole header section, in place.
enum load_take load_header_read(struct load_response *response);

// The server closed. Returns whether the response is whole by that.
bool load_response_end(const struct load_response *response);

#endif
