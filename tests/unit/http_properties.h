#ifndef THAW_TESTS_UNIT_HTTP_PROPERTIES_H
#define THAW_TESTS_UNIT_HTTP_PROPERTIES_H

// http_properties.h - what must hold for every request, good or bad
//
// A test program brings a table of requests that must be taken, or of requests
// that must be refused, or both. Every row goes through every property, so a
// new row is a dozen tests.

#include "lib/http/http_request.h"
#include "lib/base/slice.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

struct good_request {
    const char *why;    // this row is here
    struct slice bytes; // one request: all of it and nothing else
    const char *method;
    const char *path;
    const char *body;
    bool keep_alive;
};

struct bad_request {
    const char *why;
    struct slice bytes; // may end where the fault has become clear
    enum http_status status;
};

// The rows must stay until the suite has run.
void add_good_requests(Suite *suite, const struct good_request *rows,
                       size_t count);
void add_bad_requests(Suite *suite, const struct bad_request *rows,
                      size_t count);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
