#ifndef THAW_LAB_TIMELINE_TIMELINE_TRACE_H
#define THAW_LAB_TIMELINE_TIMELINE_TRACE_H

// timeline_trace.h - from a server's --trace to a timeline

#include "lab/timeline/timeline.h"

// Reads the work and the channel from the trace at `path`. With a directory,
// writes the trace there, with the clients added. On failure prints why and
// returns -1.
int timeline_take_trace(struct timeline *timeline, const char *path,
                        const char *directory);

#endif
