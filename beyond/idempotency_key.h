#ifndef THAW_BEYOND_IDEMPOTENCY_KEY_H
#define THAW_BEYOND_IDEMPOTENCY_KEY_H

// idempotency_key.h - how a client says that it sends the same event again
//
//     Idempotency-Key: "8e03978e-40d5-43e8-bc93-6894a57f9324"
//
// A client that heard nothing does not know whether its event was accepted. It
// sends it again with the same key, and the server adds nothing the second
// time.
//
// * The value is a String in double quotes (RFC 9651, 3.3.3), without
//   parameters: draft-ietf-httpapi-idempotency-key-header, section 2.1.
// * A word without quotes is rejected, and not guessed: "7" and 7 would be the
//   same key here, and two keys at a server that reads the field as written.
// * The field may come once. Two of them are not one String (RFC 9651, 4.2).
// * A request needs no key.

#include "lib/event/event.h"
#include "lib/http/http_request.h"

enum { IDEMPOTENCY_KEY_MAX = 255 }; // without quotes, in bytes; at least one

// Reads the key of a request that is DONE, without its quotes and backslashes;
// empty: it has none. False: the field is there, but it is no key, and `fault`
// has the reason "invalid_idempotency_key" and a detail, for admission_invalid.
bool idempotency_key_read(const struct http_request *request,
                          char key[IDEMPOTENCY_KEY_MAX + 1],
                          struct event_fault *fault);

#endif
