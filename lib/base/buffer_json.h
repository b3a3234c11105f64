#ifndef THAW_LIB_BASE_BUFFER_JSON_H
#define THAW_LIB_BASE_BUFFER_JSON_H

// buffer_json.h - writes jansson's values into a buffer

#include "lib/base/buffer.h"

#include <jansson.h>

// Appends the value, without white space. A NULL value marks the buffer failed:
// jansson returns NULL when memory runs out.
void buffer_add_json(struct buffer *buffer, const json_t *json);

#endif
