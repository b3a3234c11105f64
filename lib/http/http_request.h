#ifndef THAW_LIB_HTTP_HTTP_REQUEST_H
#define THAW_LIB_HTTP_HTTP_REQUEST_H

// http_request.h - find one HTTP/1.1 request in a buffer (RFC 9110, RFC 9112)
//
//     POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET / HTT
//     <------------- header_length ----------------------->
//     <------------------------ length ------------------->
//
// * Three answers. MORE: all good so far, but the end is missing. Every proper
//   prefix of a good request answers MORE.
// * The parser keeps no state and allocates nothing. Call it again, from the
//   first byte of the request, whenever there are more bytes; the buffer may
//   have moved meanwhile. The slices of a request point into that buffer.
// * What could be read in two ways is rejected, never guessed: a guess that
//   differs from a proxy's guess is how requests are smuggled (RFC 9112, 11.2).
// * The verdict does not depend on how the bytes were cut on their way.

#include "lib/http/http_limits.h"
#include "lib/http/http_status.h"
#include "lib/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum http_parse { HTTP_PARSE_DONE, HTTP_PARSE_MORE, HTTP_PARSE_REJECTED };

struct http_request {
    struct slice method; // "POST"
    struct slice path;   // "/balances/alice", as it came, without the query
    struct slice body;   // whole and without chunks
    bool keep_alive;     // the client will send another request after this one
    bool wants_continue; // it waits for a 100 before it sends the body
    size_t length;       // of the request as it was sent, in bytes

    // Where it was rejected:
    enum http_status status;
    const char *detail;  // what was expected, for people
    size_t fault_offset; // of the byte at which it became clear, from 0
};

// What a connection remembers of an unfinished request: how far the parser has
// looked. All zero for a new request. It saves time and changes no verdict.
struct http_progress {
    size_t header_length; // 0 until the head is complete
    size_t chunks_end;    // offset behind the last complete chunk
    size_t body_length;   // of the complete chunks together, in bytes
    size_t extras;        // of their extensions together, in bytes
};

// Looks for a request at the start of `bytes`. DONE fills in the request; a
// chunked body has then been joined in place. MORE fills in the method, the
// path and wants_continue once progress->header_length is set. After REJECTED
// nobody knows where a next request would begin: answer and close.
enum http_parse http_parse_request(char *bytes, size_t length,
                                   const struct http_limits *limits,
                                   struct http_progress *progress,
                                   struct http_request *request);

#endif
