#ifndef THAW_TESTS_UNIT_HTTP_PROPERTIES_H
#define THAW_TESTS_UNIT_HTTP_PROPERTIES_H

// http_properties.h - what must hold for every request, good or bad
//
// A test program has a table of good requests, or of bad requests, or both.
// Every row is checked for every property, so each new row is five tests.

#include "lib/http/http_request.h"
#include "lib/base/slice.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

struct good_request {
    const char *why;    // the row exists
    struct slice bytes; // one request, complete, with nothing after it
    const char *method;
    const char *path;
    const char *body;
    bool keep_alive;
};

struct bad_request {
    const char *why;
    struct slice bytes; // may end with the byte that shows the fault
    enum http_status status;
};

// The rows must be valid until the suite has run.
void add_good_requests(Suite *suite, const struct good_request *rows,
                       size_t count);
void add_bad_requests(Suite *suite, const struct bad_request *rows,
                      size_t count);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
