#include "lib/http/http_limits.h"

// RFC 9112, section 3, recommends support for request lines of 8000 bytes.
const struct http_limits http_limits_default = {
    .line_max = 8 * 1024,
    .header_max = 16 * 1024,
    .fields_max = 100,
    .body_max = 1024 * 1024,
    .trailers_max = 8 * 1024,
};

void http_limits_add_options(struct http_limits *limits,
                             struct options *options)
{
    enum { KIB = 1024, MIB = 1024 * 1024 };
    *limits = http_limits_default;
    options_add_number(options, "--line-max-bytes", &limits->line_max, 16, MIB,
                       "bytes of a request line");
    options_add_number(options, "--header-max-bytes", &limits->header_max, 32,
                       MIB, "bytes of request line and header section");
    options_add_number(options, "--fields-max", &limits->fields_max, 1, 10000,
                       "header fields of a request");
    options_add_setting(options, "--body-max-bytes", &limits->body_max, 0,
                        256 * MIB, "bytes of a request's body");
    options_add_number(options, "--trailers-max-bytes", &limits->trailers_max,
                       0, 256 * KIB, "bytes of chunk extensions and trailers");
}
