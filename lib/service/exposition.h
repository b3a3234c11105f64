#ifndef THAW_LIB_SERVICE_EXPOSITION_H
#define THAW_LIB_SERVICE_EXPOSITION_H

// exposition.h - Prometheus' text format 0.0.4
//
//     # HELP thaw_workers Threads that work on jobs.
//     # TYPE thaw_workers gauge
//     thaw_workers 4
//
// prometheus.io, "Exposition formats"

#include "lib/base/buffer.h"

#include <stdint.h>

// Appends the two lines above the samples of a metric.
void exposition_begin(struct buffer *out, const char *name, const char *type,
                      const char *help);

// Appends a whole metric of one sample: a count, or a number of seconds.
void exposition_count(struct buffer *out, const char *name, const char *type,
                      const char *help, int64_t count);
void exposition_seconds(struct buffer *out, const char *name, const char *type,
                        const char *help, double seconds);

#endif
