#include "lib/http/http_find_field.h"
#include "lib/http/http_reader.h"

// The parser has seen that each line ends in CR LF, that no other CR is in it,
// and that an empty line ends the header section.
static struct slice line_at(const char *start)
{
    const char *end = start;
    while (*end != '\r')
        end++;
    return (struct slice){start, (size_t)(end - start)};
}

static struct slice line_after(struct slice line)
{
    return line_at(line.bytes + line.length + 2);
}

int http_find_field(const struct http_request *request, const char *name,
                    struct slice *value)
{
    int count = 0;
    // The method is the start of the request line.
    struct slice line = line_after(line_at(request->method.bytes));
    for (; line.length > 0; line = line_after(line)) {
        struct slice found = {line.bytes, http_token_length(line)};
        if (!slice_is_ignoring_case(found, name))
            continue;
        if (count++ == 0)
            *value = http_trim(slice_after(line, found.length + 1));
    }
    return count;
}
