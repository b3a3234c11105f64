#ifndef THAW_LIB_SERVICE_PROCESS_METRICS_H
#define THAW_LIB_SERVICE_PROCESS_METRICS_H

// process_metrics.h - what every exporter tells of its process
//
//     process_cpu_seconds_total 0.25
//     process_open_fds 9
//     thaw_build_info{stage="stage6_pool",version="0.1.0"} 1
//
// The names are those that Prometheus asks its client libraries for
// (prometheus.io, "Writing client libraries"). What the system does not tell is
// left out: without /proc, or without a descriptor to open it, there is less,
// and no error.

#include "lib/base/buffer.h"

// The server's name, for thaw_build_info. Until then that is left out.
void process_metrics_name(const char *program);

// Appends them in Prometheus' text format, as they are now.
void process_metrics_write(struct buffer *out);

#endif
