#ifndef THAW_LIB_BUFFER_H
#define THAW_LIB_BUFFER_H

// buffer.h - bytes that grow
//
//     [ written so far . . . . . . . . room . . ]
//      <--- length --->
//      <---------------- size ------------------>
//
// * A buffer that is all zero is empty and owns nothing: no init is needed.
// * When memory runs out the buffer is marked failed and ignores whatever is
//   added. So add as much as you like, and look at `failed` once at the end.

#include "lib/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes;
    size_t length; // in bytes, used
    size_t size;   // in bytes, allocated
    bool failed;   // something is missing: there was no memory for it
};

void buffer_add(struct buffer *buffer, struct slice bytes);
void buffer_add_text(struct buffer *buffer, const char *text);
__attribute__((format(printf, 2, 3))) void
buffer_add_format(struct buffer *buffer, const char *format, ...);

// Throws away the first `count` bytes and moves the rest to the front.
void buffer_remove_front(struct buffer *buffer, size_t count);

// Empties the buffer and keeps its memory for the next use.
void buffer_clear(struct buffer *buffer);

// Gives the memory back. The buffer is empty and may be used again.
void buffer_destroy(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->bytes, buffer->length};
}

#endif
