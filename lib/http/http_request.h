#ifndef THAW_LIB_HTTP_HTTP_REQUEST_H
#define THAW_LIB_HTTP_HTTP_REQUEST_H

// http_request.h - find one HTTP/1.1 request in a buffer (RFC 9110, RFC 9112)
//
//     POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET / HTT
//     <------------- header_length ----------------------->
//     <------------------------ length ------------------->
//
// * Three results: DONE, MORE and REJECTED. MORE means: no fault so far, but
//   the end is missing. Every proper prefix of a good request gives MORE.
// * The parser keeps no state and allocates nothing. When more bytes arrive,
//   call it again with all bytes of the request; the buffer may have moved.
// * What could be read in two ways is rejected, never guessed: if a proxy
//   guesses otherwise, a request can be smuggled past it (RFC 9112, 11.2).
// * The result does not depend on how the network cut the bytes.

#include "lib/http/http_limits.h"
#include "lib/http/http_status.h"
#include "lib/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum http_parse { HTTP_PARSE_DONE, HTTP_PARSE_MORE, HTTP_PARSE_REJECTED };

enum { HTTP_EMPTY_LINES_MAX = 8 }; // ignored before a request line

struct http_request {
    struct slice method; // "POST"
    struct slice path;   // "/balances/alice", as it came, without the query
    struct slice body;   // complete, and without its chunks' framing
    bool keep_alive;     // the client may send another request after it
    bool wants_continue; // the client waits for a 100 before it sends the body
    size_t length;       // of the request as it was sent, in bytes

    // Only where it was rejected:
    enum http_status status;
    const char *detail;  // what was expected, for people
    size_t fault_offset; // of the wrong byte, from 0 as in C; people read
                         // "byte N", which counts from 1
};

// How far the parser has read an unfinished request; all zero for a new one. It
// saves time, and does not change the result.
struct http_progress {
    size_t header_length;     // of request line and header section, in bytes;
                              // 0: they are not complete
    size_t chunks_end;        // the offset after the last complete chunk
    size_t body_length;       // of all complete chunks, in bytes
    size_t extensions_length; // of their chunk extensions, in bytes
};

// False: nothing has arrived but empty lines, which are no part of a request
// (RFC 9112, 2.2). A CR at the end may be the start of one.
bool http_has_begun(struct slice bytes);

// Parses the request at the start of `bytes`. The slices of the request point
// into `bytes`. DONE: a chunked body is now joined in place. MORE: as soon as
// progress->header_length is set, method, path and wants_continue are, too.
// REJECTED: the start of a next request is unknown, so respond and close.
enum http_parse http_parse_request(char *bytes, size_t length,
                                   const struct http_limits *limits,
                                   struct http_progress *progress,
                                   struct http_request *request);

#endif
