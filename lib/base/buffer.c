#include "lib/base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE_MIN = 256 }; // in bytes: most responses fit

// Doubles the size, so that all copying together stays linear.
static bool make_room(struct buffer *buffer, size_t count)
{
    if (buffer->failed || count > SIZE_MAX / 2 - buffer->length)
        return false;
    size_t wanted = buffer->length + count;
    if (wanted <= buffer->size)
        return true;
    size_t size = buffer->size > 0 ? buffer->size : SIZE_MIN;
    while (size < wanted)
        size *= 2;
    char *bytes = realloc(buffer->bytes, size);
    if (bytes == NULL)
        return false;
    buffer->bytes = bytes;
    buffer->size = size;
    return true;
}

void buffer_add_growing(struct buffer *buffer, struct slice bytes)
{
    if (bytes.length == 0)
        return;
    if (!make_room(buffer, bytes.length)) {
        buffer->failed = true;
        return;
    }
    memcpy(buffer->bytes + buffer->length, bytes.bytes, bytes.length);
    buffer->length += bytes.length;
}

void buffer_add_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t start = sizeof digits;
    do
        digits[--start] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    buffer_add(buffer, (struct slice){digits + start, sizeof digits - start});
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && make_room(buffer, (size_t)length + 1)) {
        vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format,
                  again);
        buffer->length += (size_t)length;
    } else {
        buffer->failed = true;
    }
    va_end(again);
}

void buffer_reserve(struct buffer *buffer, size_t count)
{
    if (!make_room(buffer, count))
        buffer->failed = true;
}

void buffer_remove_front(struct buffer *buffer, size_t count)
{
    assert(count <= buffer->length);
    buffer->length -= count;
    if (buffer->length > 0)
        memmove(buffer->bytes, buffer->bytes + count, buffer->length);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

void buffer_destroy(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}
