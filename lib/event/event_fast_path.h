#ifndef THAW_LIB_EVENT_EVENT_FAST_PATH_H
#define THAW_LIB_EVENT_EVENT_FAST_PATH_H

// event_fast_path.h - the shortcut for an event in its plain shape
//
//     plain   = "{" member "," member "," member "}"
//     member  = user, action and amount, each once, in any order
//     name    = DQUOTE 1*127( any ASCII but DQUOTE, "\" and controls ) DQUOTE
//     integer = [ "-" ] ( "0" / 1*18DIGIT that does not start with "0" )
//
// with white space wherever JSON has it. Nearly all events look like that, and
// jansson takes ten times as long for one (tests/bench/README.md).

#include "lib/event/event.h"

// True: it is plain, and the event is what event_decode would make of it.
// False says nothing about the event but that jansson must look at it; so no
// refusal comes from here. Threads may call it at the same time.
bool event_decode_fast(struct slice json, struct event *event);

#endif
