#ifndef THAW_LIB_HTTP_HTTP_RESPONSE_H
#define THAW_LIB_HTTP_HTTP_RESPONSE_H

// http_response.h - a response, and its bytes on the wire (RFC 9112, section 4)
//
// * A handler fills in a response; the caller of the handler writes it to the
//   client. Only `status` must be set.
// * A response must not be copied: its body may point into its own `room`.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"
#include "lib/http/http_status.h"

#include <stdbool.h>

struct conn;

struct http_response {
    enum http_status status;
    const char *content_type; // NULL: application/json
    const char *fields;       // further header fields, each with its CR LF
    struct slice body;        // in a literal, the request, `text` or `room`
    struct buffer text;       // memory for a body that is composed
    char room[64];            // the same for a short one: nothing to allocate
    bool deferred;            // conn_complete sends it (from stage 4 on)
    struct conn *conn;        // the client's connection, for conn_complete
    int64_t since; // when its request was ready, by clock.h; 0: unknown
};

// Responds to one request. Its bytes stay valid until the response is written;
// if the response is deferred, only until this function returns.
typedef void http_handler(const struct http_request *request,
                          struct http_response *response);

// Appends the response to `out`. The response to HEAD has the body's length,
// but not the body (RFC 9110, 9.3.2). Not thread-safe, because the date is
// cached.
void http_write_response(struct buffer *out,
                         const struct http_response *response, bool keep_alive,
                         bool is_head);

// "HTTP/1.1 100 Continue": the client may send the body (RFC 9110, 10.1.1).
extern const struct slice http_continue;

#endif
