#ifndef THAW_LIB_HTTP_HTTP_LIMITS_H
#define THAW_LIB_HTTP_HTTP_LIMITS_H

// http_limits.h - how large a request may be
//
// What is larger is rejected before memory is taken for it.

#include "lib/base/options.h"

struct http_limits {
    int line_max;     // the request line, in bytes; longer is a 414
    int header_max;   // request line and fields, in bytes; longer is a 431
    int fields_max;   // how many header fields; more is a 431
    int body_max;     // in bytes; longer is a 413
    int trailers_max; // chunk extensions and trailers, in bytes; more is a 400
};

extern const struct http_limits http_limits_default;

// Sets the defaults, and adds an option for each limit to the command line.
void http_limits_add_options(struct http_limits *limits,
                             struct options *options);

#endif
