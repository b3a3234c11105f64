#ifndef THAW_LIB_EVENT_EVENT_FAST_PATH_H
#define THAW_LIB_EVENT_EVENT_FAST_PATH_H

// event_fast_path.h - decodes the usual shape of an event
//
//     object  = "{" member "," member "," member "}"
//     member  = user, action and amount, each once, in any order
//     name    = DQUOTE 1*127( any ASCII but DQUOTE, "\" and controls ) DQUOTE
//     integer = [ "-" ] ( "0" / 1*18DIGIT that does not start with "0" )
//
// with white space wherever JSON allows it.

#include "lib/event/event.h"

// True: the event is the one that jansson would decode, which takes ten times
// as long. False: jansson decides; this function rejects nothing.
bool event_decode_fast(struct slice json, struct event *event);

#endif
