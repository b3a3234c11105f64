#ifndef THAW_LIB_BASE_TRACE_H
#define THAW_LIB_BASE_TRACE_H

// trace.h - records what happens, and when (--trace FILE)
//
// The file is in the Trace Event Format, which https://ui.perfetto.dev and
// chrome://tracing open: a lane per thread, times in microseconds of
// CLOCK_MONOTONIC. Any thread may call any function. Without --trace, each call
// costs one branch. When the disk is full, events are lost and nothing else.

#include <stdbool.h>
#include <stdint.h>

extern bool trace_is_on; // set by trace_open, before there are threads

// Opens the file; it is completed and closed when the program exits. A NULL
// path: no trace. Returns -1 and errno.
int trace_open(const char *path, const char *program);

// For the functions below alone.
void trace_write_instant(const char *name, int64_t id);
void trace_write_span(const char *name, int64_t start);
void trace_write_count(const char *name, int64_t count);

// Something happened now, to the connection `id` for example.
static inline void trace_instant(const char *name, int64_t id)
{
    if (trace_is_on)
        trace_write_instant(name, id);
}

// Something began at `start`, a time of clock_nanoseconds(), and ends now.
static inline void trace_span(const char *name, int64_t start)
{
    if (trace_is_on)
        trace_write_span(name, start);
}

// From now on, the number of something is `count`.
static inline void trace_count(const char *name, int64_t count)
{
    if (trace_is_on)
        trace_write_count(name, count);
}

#endif
