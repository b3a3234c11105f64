#ifndef THAW_LIB_SERVICE_DURATIONS_H
#define THAW_LIB_SERVICE_DURATIONS_H

// durations.h - how long requests and events take, for GET /metrics
//
//     ready       loop        work starts       work is done
//       |--> response |
//       |----------- wait --------->|
//       |------------------- total ---------------->|
//
// * All three begin when the loop learns that the last bytes of the request
//   are there: at the end of its wait. So the time is counted in which the
//   loop serves others first; the time in the socket before that is not.
// * Each is a histogram: a count for each bucket, from 100 us to 60 s, from
//   which histogram_quantile estimates a p99 (prometheus.io, "Histograms").

#include "lib/base/buffer.h"

#include <stdint.h>

enum duration {
    DURATION_REQUEST,     // until its response is made; the loop's thread alone
    DURATION_EVENT_WAIT,  // until its work starts; any thread
    DURATION_EVENT_TOTAL, // until its work is done; any thread
    DURATION_COUNT
};

// The duration began at `since`, a time of clock_nanoseconds(), and ends now.
// `since` is 0: it is unknown, and nothing is counted.
void durations_end(enum duration duration, int64_t since);

// Counts one of so many nanoseconds. Below 0 is 0.
void durations_add(enum duration duration, int64_t nanoseconds);

// Appends the histograms in Prometheus' text format; those of events only if
// the server works on them (metrics_have_work). In each, the count is
// the sum of the buckets.
void durations_write(struct buffer *out);

#endif
