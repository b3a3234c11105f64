#include "lib/service/exposition.h"

#include <inttypes.h>

void exposition_begin(struct buffer *out, const char *name, const char *type,
                      const char *help)
{
    buffer_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                      type);
}

void exposition_count(struct buffer *out, const char *name, const char *type,
                      const char *help, int64_t count)
{
    exposition_begin(out, name, type, help);
    buffer_add_format(out, "%s %" PRId64 "\n", name, count);
}

void exposition_seconds(struct buffer *out, const char *name, const char *type,
                        const char *help, double seconds)
{
    exposition_begin(out, name, type, help);
    buffer_add_format(out, "%s %.6f\n", name, seconds);
}
