#ifndef THAW_LIB_HTTP_HTTP_STATUS_H
#define THAW_LIB_HTTP_HTTP_STATUS_H

// http_status.h - the statuses that these servers respond with
//
// The enumerator is the number on the wire (RFC 9110, section 15).

#include "lib/base/slice.h"

#include <stddef.h>

enum http_status {
    HTTP_OK = 200,
    HTTP_ACCEPTED = 202,
    HTTP_BAD_REQUEST = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_REQUEST_TIMEOUT = 408,
    HTTP_CONFLICT = 409,
    HTTP_CONTENT_TOO_LARGE = 413,
    HTTP_URI_TOO_LONG = 414,
    HTTP_EXPECTATION_FAILED = 417,
    HTTP_UNPROCESSABLE_CONTENT = 422,
    HTTP_FIELDS_TOO_LARGE = 431, // RFC 6585, section 5
    HTTP_INTERNAL_SERVER_ERROR = 500,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_SERVICE_UNAVAILABLE = 503,
    HTTP_GATEWAY_TIMEOUT = 504,
    HTTP_VERSION_NOT_SUPPORTED = 505,
    HTTP_INSUFFICIENT_STORAGE = 507, // RFC 4918, section 11.5
};

struct http_status_row {
    enum http_status status;
    struct slice line;  // for people: "400 Bad Request"
    const char *reason; // for programs, in the body: "bad_request"; fixed
};

// All of them, each once, in ascending order.
extern const struct http_status_row http_statuses[];
extern const size_t http_status_count;

// The row of the status: 0 to http_status_count - 1.
size_t http_status_index(enum http_status status);

struct slice http_status_line(enum http_status status);
const char *http_status_reason(enum http_status status);

#endif
