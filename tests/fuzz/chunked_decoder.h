#ifndef THAW_TESTS_FUZZ_CHUNKED_DECODER_H
#define THAW_TESTS_FUZZ_CHUNKED_DECODER_H

// chunked_decoder.h - a second decoder of chunked bodies, to compare with
//
//     SIZE --> (EXTENSION) --> DATA --> END --> SIZE ... TRAILER --> DONE
//
// It is written from RFC 9112, 7.1, and from what http_request.h says about the
// limits. It looks at each byte once and copies forward; lib/ takes whole
// lines, and joins the chunks in place when all are there.

#include "lib/base/buffer.h"
#include "lib/http/http_request.h"

enum chunked_place {
    CHUNKED_SIZE,      // in the line that begins a chunk
    CHUNKED_EXTENSION, // in the same line, behind the size
    CHUNKED_DATA,
    CHUNKED_END, // in the CR LF behind the data
    CHUNKED_TRAILER,
    CHUNKED_DONE,
    CHUNKED_REFUSED,
};

// Where it is in *( BWS ";" BWS name [ BWS "=" BWS value ] ).
enum extension_place {
    BEHIND_SIZE, // or behind a value in quotes: the line may end
    BEFORE_SEMICOLON,
    BEFORE_NAME,
    IN_NAME, // the line may end
    BEHIND_NAME,
    BEFORE_VALUE,
    IN_VALUE, // the line may end
    IN_QUOTES,
    BEHIND_BACKSLASH,
    NOWHERE, // it is none
};

struct chunked_decoder {
    const struct http_limits *limits;
    enum chunked_place place;
    size_t taken;       // in bytes, so far
    size_t line_length; // of the line that it is in, so far
    size_t digits;      // of the chunk's size
    size_t left;        // in bytes, of the chunk's data
    enum extension_place extension;
    size_t extras; // in bytes: extensions and trailers
    bool is_wrong; // the line: it is refused at its end
    bool is_named; // the trailer: its colon was there
    bool has_cr;   // nothing but LF may come
    struct buffer body;
};

// Takes bytes until it is done or they are refused, or until there are none.
void chunked_decode(struct chunked_decoder *decoder, struct slice bytes);

#endif
