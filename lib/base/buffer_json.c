#include "lib/base/buffer_json.h"

static int add(const char *bytes, size_t length, void *buffer)
{
    buffer_add(buffer, (struct slice){bytes, length});
    return 0;
}

void buffer_add_json(struct buffer *buffer, const json_t *json)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    if (json_dump_callback(json, add, buffer, flags) < 0)
        buffer->failed = true;
}
