#ifndef THAW_LIB_EVENT_PLAIN_H
#define THAW_LIB_EVENT_PLAIN_H

// event_plain.h - the shortcut for an event in its plain shape
//
//     plain   = "{" member "," member "," member "}"
//     member  = user, action and amount, each once, in any order
//     name    = DQUOTE 1*127( any ASCII but DQUOTE, "\" and controls ) DQUOTE
//     integer = [ "-" ] ( "0" / 1*18DIGIT that does not start with "0" )
//
// with white space wherever JSON has it. Nearly all events look like that, and
// jansson takes ten times as long for one (tests/bench/README.md).

#include "lib/event.h"

// True: it is plain, and the event is what event_decode would make of it.
// False says nothing about the event but that jansson must look at it; so no
// refusal comes from here. Threads may call it at the same time.
bool event_decode_plain(struct slice json, struct event *event);

// The long way, by jansson, for an event of any shape: what event_decode says
// without the shortcut. A fuzzer compares the two.
bool event_decode_any(struct slice json, struct event *event,
                      char detail[EVENT_DETAIL_SIZE]);

#endif
