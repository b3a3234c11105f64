#ifndef THAW_LIB_HTTP_HTTP_READER_H
#define THAW_LIB_HTTP_HTTP_READER_H

// http_reader.h - what the parts of the request parser share
//
// A reader moves over the bytes of one request. Each part of the parser reads
// whole lines from it, and reports MORE or REJECTED.

#include "lib/http/http_request.h"

struct http_reader {
    char *bytes;
    size_t length; // in bytes, received so far
    size_t start;  // offset of the request line
    size_t at;     // offset of the next byte to look at
    const struct http_limits *limits;
    struct http_request *request; // a rejection is recorded here
};

// What request line and header section say about the body and the connection.
struct http_framing {
    int minor_version; // of HTTP/1
    bool has_host;
    bool has_length;
    bool has_coding;
    bool has_other_coding; // than chunked
    bool chunked;          // it is the last coding
    bool asks_to_close;
    bool asks_to_keep_alive;
    bool asks_to_continue;
    unsigned long long content_length; // in bytes
};

// Records the reason and the byte. Returns HTTP_PARSE_REJECTED.
enum http_parse http_reject(struct http_reader *reader, size_t offset,
                            enum http_status status, const char *detail);

// The same with status 400, for a fault in a line: `where` points into it.
enum http_parse http_reject_at(struct http_reader *reader, const char *where,
                               const char *detail);

// Reads a line and moves past its CRLF, which is not part of the line. A line
// of more than `max` bytes is rejected with `status` and `detail`. A byte that
// no line may contain is rejected at once: the line need not be complete.
enum http_parse http_read_line(struct http_reader *reader, size_t max,
                               enum http_status status, const char *detail,
                               struct slice *line);

// Splits a line `name ":" OWS value OWS` (RFC 9112, section 5).
enum http_parse http_split_field(struct http_reader *reader, struct slice line,
                                 struct slice *name, struct slice *value);

// OWS: the text without spaces and tabs at its start and end (RFC 9110, 5.6.3).
struct slice http_trim(struct slice text);

// token = 1*tchar (RFC 9110, 5.6.2). The length of the one at the start of
// `text`; 0: there is none.
size_t http_token_length(struct slice text);

// *( field-line CRLF ) CRLF: reads the header section and the empty line after
// it, and checks that the fields do not contradict each other.
enum http_parse http_read_fields(struct http_reader *reader,
                                 struct http_framing *framing);

// uri-host [ ":" port ] (RFC 3986, 3.2.2). The same for a host; it may be
// empty.
size_t http_host_length(struct slice text);

// VCHAR: visible ASCII without the space.
static inline bool http_is_visible(char byte)
{
    return byte > ' ' && byte < 0x7f;
}

// Finds the end of the chunked body at reader->at, and joins its chunks in
// place (RFC 9112, section 7.1).
enum http_parse http_parse_chunked(struct http_reader *reader,
                                   struct http_progress *progress);

#endif
