#ifndef THAW_TESTS_FUZZ_CHUNKED_DECODER_H
#define THAW_TESTS_FUZZ_CHUNKED_DECODER_H

// chunked_decoder.h - a second decoder of chunked bodies, to compare with
//
//     SIZE --> (EXTENSION) --> DATA --> END --> SIZE ... TRAILER --> DONE
//
// Written from RFC 9112, 7.1, and from the limits in http_request.h. It looks
// at each byte once and copies forward; lib/ takes whole lines, and joins the
// chunks in place when all have come.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"

#include <stdint.h>

enum chunked_place {
    CHUNKED_SIZE,      // in the line that begins a chunk
    CHUNKED_EXTENSION, // in the same line, after the size
    CHUNKED_DATA,
    CHUNKED_END, // in the CR LF after the data
    CHUNKED_TRAILER,
    CHUNKED_DONE,
    CHUNKED_REJECTED,
};

// The place in *( BWS ";" BWS name [ BWS "=" BWS value ] ).
enum extension_place {
    AFTER_SIZE, // or after a value in quotes: the line may end
    BEFORE_SEMICOLON,
    BEFORE_NAME,
    IN_NAME, // the line may end
    AFTER_NAME,
    BEFORE_VALUE,
    IN_VALUE, // the line may end
    IN_QUOTES,
    AFTER_BACKSLASH,
    NOWHERE, // this is no extension
};

struct chunked_decoder {
    const struct http_limits *limits;
    enum chunked_place place;
    size_t taken;       // in bytes, so far
    size_t line_length; // of the current line, so far
    size_t digits;      // of the chunk's size
    uint64_t left;      // in bytes, of the chunk's data: 16 digits need 64 bits
    enum extension_place extension;
    size_t overhead; // in bytes: extensions and trailers
    bool is_wrong;   // the line, which is rejected at its end
    bool is_named;   // the trailer: its colon has come
    bool has_cr;     // only LF may come
    struct buffer body;
};

// Takes bytes until the body is done or rejected, or until there are none.
void chunked_decode(struct chunked_decoder *decoder, struct slice bytes);

#endif
