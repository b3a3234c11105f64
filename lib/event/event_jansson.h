#ifndef THAW_LIB_EVENT_EVENT_JANSSON_H
#define THAW_LIB_EVENT_EVENT_JANSSON_H

// event_jansson.h - the event decoder on jansson, for an event of any shape

#include "lib/event/event.h"

// Like event_decode, but without the fast path. Any thread may call it.
bool event_decode_jansson(struct slice json, struct event *event,
                          struct event_fault *fault);

#endif
