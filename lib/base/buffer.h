#ifndef THAW_LIB_BASE_BUFFER_H
#define THAW_LIB_BASE_BUFFER_H

// buffer.h - bytes that grow
//
//     [ written so far . . . . . . . . room . . ]
//      <--- length --->
//      <---------------- size ------------------>
//
// * A buffer that is all zero is empty and owns nothing: no init is needed.
// * When memory runs out, the buffer is marked failed and ignores what is added
//   from then on. So add without checks, and look at `failed` once at the end.

#include "lib/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *bytes;
    size_t length; // in bytes, used
    size_t size;   // in bytes, allocated
    bool failed;   // some bytes are missing: there was no memory for them
};

// For buffer_add alone: makes room, then adds.
void buffer_add_growing(struct buffer *buffer, struct slice bytes);

static inline void buffer_add(struct buffer *buffer, struct slice bytes)
{
    size_t room = buffer->size - buffer->length;
    if (bytes.length == 0 || bytes.length > room || buffer->failed) {
        buffer_add_growing(buffer, bytes);
        return;
    }
    memcpy(buffer->bytes + buffer->length, bytes.bytes, bytes.length);
    buffer->length += bytes.length;
}

void buffer_add_number(struct buffer *buffer, uint64_t number); // in decimal
__attribute__((format(printf, 2, 3))) void
buffer_add_format(struct buffer *buffer, const char *format, ...);

// Makes room for `count` more bytes, so that adding them copies nothing twice.
void buffer_reserve(struct buffer *buffer, size_t count);

static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, slice_of(text));
}

// Discards the first `count` bytes and moves the others to the front.
void buffer_remove_front(struct buffer *buffer, size_t count);

// Empties the buffer, which keeps its memory for the next use.
void buffer_clear(struct buffer *buffer);

// Releases the memory. The buffer is then empty and may be used again.
void buffer_destroy(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->bytes, buffer->length};
}

#endif
