#ifndef THAW_LIB_BASE_BUFFER_JSON_H
#define THAW_LIB_BASE_BUFFER_JSON_H

// buffer_json.h - from jansson's values to bytes

#include "lib/base/buffer.h"

#include <jansson.h>

// Appends the value, compact. A NULL value, which is what jansson makes when
// there is no memory, marks the buffer failed.
void buffer_add_json(struct buffer *buffer, const json_t *json);

#endif
