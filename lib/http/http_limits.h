#ifndef THAW_LIB_HTTP_HTTP_LIMITS_H
#define THAW_LIB_HTTP_HTTP_LIMITS_H

// http_limits.h - how large a request may be
//
// A larger request is rejected with the status that the comment names, before
// memory is allocated for it.

#include "lib/base/options.h"

struct http_limits {
    int line_max;     // the request line, in bytes: 414
    int header_max;   // request line and header section, in bytes: 431
    int fields_max;   // the number of header fields: 431
    int body_max;     // in bytes: 413
    int trailers_max; // chunk extensions and trailers, in bytes: 400
};

extern const struct http_limits http_limits_default;

// Sets the defaults, and adds an option for each limit.
void http_limits_add_options(struct http_limits *limits,
                             struct options *options);

#endif
