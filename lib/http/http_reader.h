#ifndef THAW_LIB_HTTP_HTTP_READER_H
#define THAW_LIB_HTTP_HTTP_READER_H

// http_reader.h - what the parts of the request parser share
//
// A reader walks over the bytes of one request. Each part of the parser takes
// whole lines from it, and says MORE or REJECTED through it.

#include "lib/http/http_request.h"

struct http_reader {
    char *bytes;
    size_t length; // in bytes, received so far
    size_t at;     // offset of the next byte to look at
    const struct http_limits *limits;
    struct http_request *request; // where a rejection is written down
};

// What the head says about the rest of the request.
struct http_framing {
    int minor_version; // of HTTP/1
    bool has_host;
    bool has_length;
    bool has_coding;
    bool has_other_coding; // than chunked
    bool chunked;          // the last coding is
    bool asks_to_close;
    bool asks_to_keep_alive;
    bool asks_to_continue;
    unsigned long long content_length; // in bytes
};

// Writes down why, and at which byte. Returns HTTP_PARSE_REJECTED.
enum http_parse http_reject(struct http_reader *reader, size_t offset,
                            enum http_status status, const char *detail);

// The same for a fault inside a line that was read: `where` points into it.
enum http_parse http_reject_at(struct http_reader *reader, const char *where,
                               const char *detail);

// Takes a line and steps behind its CRLF; the line is without it. A line of
// more than `max` bytes is rejected with `status` and `detail`. A byte that
// can't stand in any line is rejected as soon as it is seen, so that what is
// not HTTP at all is told so before its end.
enum http_parse http_read_line(struct http_reader *reader, size_t max,
                               enum http_status status, const char *detail,
                               struct slice *line);

// Takes a line `name ":" OWS value OWS` apart (RFC 9112, section 5).
enum http_parse http_split_field(struct http_reader *reader, struct slice line,
                                 struct slice *name, struct slice *value);

// token = 1*tchar (RFC 9110, 5.6.2). How many bytes of `text` belong to one.
size_t http_token_length(struct slice text);

// *( field-line CRLF ) CRLF: takes the fields up to the empty line that ends
// the head, and checks that they say one thing.
enum http_parse http_read_fields(struct http_reader *reader,
                                 struct http_framing *framing);

// uri-host [ ":" port ] (RFC 3986, 3.2.2). How many bytes of `text` belong to
// it.
size_t http_host_length(struct slice text);

// VCHAR: visible ASCII, no white space.
static inline bool http_is_visible(char byte)
{
    return byte > ' ' && byte < 0x7f;
}

// Finds the end of the chunked body at reader->at and joins it in place
// (RFC 9112, section 7.1).
enum http_parse http_parse_chunked(struct http_reader *reader,
                                   struct http_progress *progress);

#endif
