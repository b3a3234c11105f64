#include "lib/json.h"

static int add(const char *bytes, size_t length, void *out)
{
    buffer_add(out, (struct slice){bytes, length});
    return 0;
}

void json_write(const json_t *json, struct buffer *out)
{
    if (json_dump_callback(json, add, out, JSON_COMPACT) < 0)
        out->failed = true;
}
