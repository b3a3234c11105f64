#ifndef THAW_LIB_HTTP_HTTP_RESPONSE_H
#define THAW_LIB_HTTP_HTTP_RESPONSE_H

// http_response.h - a response, and how it is written (RFC 9112, section 4)
//
// * A handler fills in a response; the caller of the handler writes it to the
//   client. Only `status` must be set.
// * Do not copy a response: its body may point into its own `room`.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"
#include "lib/http/http_status.h"

#include <stdbool.h>

struct conn;

struct http_response {
    enum http_status status;
    const char *content_type; // NULL: application/json
    const char *fields;       // further header fields, each with its CR LF
    struct slice body;        // a literal, part of the request, or of `text`
    struct buffer text;       // room for a body that is made up
    char room[64];            // the same for a short one: it needs no memory
    bool deferred;            // it comes later, by conn_complete (stage 4)
    struct conn *conn;        // whose response this is, for conn_complete
};

// Responds to one request. The request is gone when this returns: the body must
// stay as long as the request does, or be in `text` or `room`.
typedef void http_handler(const struct http_request *request,
                          struct http_response *response);

// Appends the response to `out`. For a HEAD request the body is left out, but
// not its length (RFC 9110, 9.3.2). Not thread-safe: it keeps the date.
void http_write_response(struct buffer *out,
                         const struct http_response *response, bool keep_alive,
                         bool is_head);

// "HTTP/1.1 100 Continue": send the body, please (RFC 9110, 10.1.1).
extern const struct slice http_continue;

#endif
