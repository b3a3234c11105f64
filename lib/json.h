#ifndef THAW_LIB_JSON_H
#define THAW_LIB_JSON_H

// json.h - from jansson's values to bytes

#include "lib/buffer.h"

#include <jansson.h>

// Appends the value, compact. A NULL value, which is what
// jansson makes when there is no memory, marks the buffer failed.
void json_write(const json_t *json, struct buffer *out);

#endif
