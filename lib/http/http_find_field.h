#ifndef THAW_LIB_HTTP_HTTP_FIND_FIELD_H
#define THAW_LIB_HTTP_HTTP_FIND_FIELD_H

// http_find_field.h - a header field of a request that was parsed
//
//     POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: "7"\r\n\r\n{...}
//                                   <---- name --->  <->
//                                                    value
//
// The parser looks only at the fields that say where a request ends, and stores
// none. A server that needs another field searches the header section for it.
// So a request without such a need costs nothing more.

#include "lib/http/http_request.h"

// Returns how many fields have this name, in any case (RFC 9110, 5.1); trailers
// are not searched. `value` is that of the first one, without the white space
// around it, and points into the request; 0: it is unchanged.
//
// Most fields may come only once (RFC 9110, 5.3). A server that takes the first
// of two, behind a proxy that takes the last, sees another request: so reject
// more than one, unless the field is a list.
//
// The request must be DONE. Its bytes must still be there.
int http_find_field(const struct http_request *request, const char *name,
                    struct slice *value);

#endif
