#ifndef THAW_LIB_BASE_TRACE_H
#define THAW_LIB_BASE_TRACE_H

// trace.h - records what happens, and when (--trace FILE)
//
//     [
//     {"name": "process_name", "ph": "M", ...}
//     ,{"name": "accept", "ph": "i", "s": "t", "ts": 5036.1, ...}
//     ]
//
// The file is in the Trace Event Format, which https://ui.perfetto.dev and
// chrome://tracing open: a lane per thread, times in microseconds of
// CLOCK_MONOTONIC. It is complete JSON after each record, because each write
// puts a record and a new "]" in the place of the old "]". So it needs no end,
// and a server may be killed (only SIGKILL in the middle of a write that
// crosses a page can cut the last record). Any thread may call any function.
// Without --trace, each call costs one branch. When the file cannot grow, the
// trace ends there, and nothing else.

#include <stdbool.h>
#include <stdint.h>

extern bool trace_is_on; // set by trace_open, before there are threads

// May it be a trace? A regular file, or a device like /dev/null, that can be
// written, or created. Opens and changes nothing.
bool trace_accepts(const char *path);

// Empties the file, so call it when the program can run: with its port, for
// example. EBUSY: another process writes its trace there. A NULL path: no
// trace. Returns -1 and sets errno, and then process_fault says more.
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
