#ifndef THAW_LAB_TIMELINE_TIMELINE_TRACE_H
#define THAW_LAB_TIMELINE_TIMELINE_TRACE_H

// timeline_trace.h - from a server's --trace to a timeline

#include "lab/timeline/timeline.h"

// Takes the work and the channel out of the trace at `path`. With a directory,
// the trace goes there, together with what the clients saw. Returns -1 when
// that can't be written; that was said.
int timeline_take_trace(struct timeline *timeline, const char *path,
                        const char *directory);

#endif
