#include "lib/event/event.h"
#include "lib/event/event_fast_path.h"
#include "lib/event/event_jansson.h"

bool event_decode(struct slice json, struct event *event,
                  struct event_fault *fault)
{
    return event_decode_fast(json, event) ||
           event_decode_jansson(json, event, fault);
}
