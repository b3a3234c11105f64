#include "beyond/idempotency_key.h"
#include "lib/http/http_find_field.h"

#include <stdio.h>

static bool is_printable(char byte)
{
    return byte >= ' ' && byte <= '~';
}

// sf-string = DQUOTE *( unescaped / "\" ( DQUOTE / "\" ) ) DQUOTE. Returns what
// is wrong, or NULL.
static const char *read_string(struct slice text,
                               char key[IDEMPOTENCY_KEY_MAX + 1])
{
    size_t length = 0;
    size_t at = 1;
    if (!slice_starts_with(text, "\""))
        return "expected a string in double quotes";
    for (; at < text.length && text.bytes[at] != '"'; at++) {
        if (text.bytes[at] == '\\' && ++at < text.length &&
            text.bytes[at] != '"' && text.bytes[at] != '\\')
            return "a backslash stands before a quote or a backslash only";
        if (at == text.length)
            break;
        if (!is_printable(text.bytes[at]))
            return "expected printable ASCII";
        if (length == IDEMPOTENCY_KEY_MAX)
            return "expected at most 255 bytes";
        key[length++] = text.bytes[at];
    }
    key[length] = '\0';
    if (at >= text.length)
        return "expected a double quote at the end";
    if (at + 1 < text.length)
        return "expected nothing after the second double quote";
    return length > 0 ? NULL : "expected at least one byte";
}

bool idempotency_key_read(const struct http_request *request,
                          char key[IDEMPOTENCY_KEY_MAX + 1],
                          struct event_fault *fault)
{
    struct slice value;
    key[0] = '\0';
    int count = http_find_field(request, "Idempotency-Key", &value);
    if (count == 0)
        return true;
    const char *wrong =
        count == 1 ? read_string(value, key) : "expected once, not twice";
    fault->reason = "invalid_idempotency_key";
    if (wrong != NULL)
        snprintf(fault->detail, sizeof fault->detail, "Idempotency-Key: %s",
                 wrong);
    return wrong == NULL;
}
