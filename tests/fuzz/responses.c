#include "tests/fuzz/responses.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    const struct play *play;
    struct slice unread; // of the received bytes
    int number;          // of the next response
};

struct response {
    struct slice bytes;
    bool is_whole;
};

static struct reader reader_of(const struct play *play)
{
    return (struct reader){.play = play,
                           .unread = buffer_slice(&play->received)};
}

static const struct slice interim = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

static bool begins_with(struct slice whole, struct slice part)
{
    return part.length <= whole.length &&
           (part.length == 0 ||
            memcmp(whole.bytes, part.bytes, part.length) == 0);
}

// The text from these words on; empty when they are not there.
static struct slice find(struct slice text, const char *words)
{
    while (text.length > 0 && !slice_starts_with(text, words))
        text = slice_after(text, 1);
    return text;
}

static bool has(struct slice text, const char *words)
{
    return find(text, words).length > 0;
}

// With the empty line that ends it; empty when that line did not come.
static struct slice header_of(struct slice bytes)
{
    static const char end[] = "\r\n\r\n";
    struct slice found = find(bytes, end);
    if (found.length > 0)
        bytes.length -= found.length - (sizeof end - 1);
    else
        bytes.length = 0;
    return bytes;
}

static size_t body_length(struct slice header)
{
    static const char field[] = "\r\nContent-Length: ";
    struct slice found = find(header, field);
    ck_assert_uint_gt(found.length, 0);
    return strtoul(found.bytes + sizeof field - 1, NULL, 10);
}

// A rejected request may have been a HEAD; the handler never saw it.
static bool has_no_body(const struct reader *reader, struct slice header)
{
    if (reader->number < reader->play->handled)
        return reader->play->is_head[reader->number];
    return header.length == reader->unread.length;
}

static void skip_interim(struct reader *reader)
{
    while (begins_with(reader->unread, interim))
        reader->unread = slice_after(reader->unread, interim.length);
}

// Empty when there is no other.
static struct response next_response(struct reader *reader)
{
    skip_interim(reader);
    struct slice header = header_of(reader->unread);
    struct response response = {.bytes = reader->unread};
    if (header.length > 0) {
        size_t body = has_no_body(reader, header) ? 0 : body_length(header);
        response.is_whole = header.length + body <= reader->unread.length;
        if (response.is_whole)
            response.bytes.length = header.length + body;
    }
    reader->unread = slice_after(reader->unread, response.bytes.length);
    reader->number++;
    return response;
}

// The handler numbers its responses. The only other one is a rejection, which
// is final.
static void check_response(struct slice response, int number, int handled,
                           size_t bytes_after)
{
    char expected[64];
    struct slice header = header_of(response);
    bool is_final = has(header, "\r\nConnection: close\r\n");
    snprintf(expected, sizeof expected, "\r\nNumber: %d\r\n", number);
    ck_assert(slice_starts_with(header, "HTTP/1.1 "));
    ck_assert(is_final || has(header, "\r\nConnection: keep-alive\r\n"));
    if (number < handled)
        ck_assert(has(header, expected));
    else
        ck_assert(is_final && !has(header, "\r\nNumber: "));
    if (is_final)
        ck_assert_uint_eq(bytes_after, 0);
}

void check_responses(const struct play *play)
{
    struct reader reader = reader_of(play);
    bool may_miss_some = play->left_early || play->was_disturbed;
    int count = 0;
    while (reader.unread.length > 0) {
        struct response response = next_response(&reader);
        ck_assert(response.is_whole || response.bytes.length == 0 ||
                  may_miss_some);
        if (!response.is_whole)
            break;
        check_response(response.bytes, count, play->handled,
                       reader.unread.length);
        count++;
    }
    ck_assert(count >= play->handled || may_miss_some);
}

void compare_responses(const struct play *play, const struct play *other)
{
    struct reader one = reader_of(play);
    struct reader two = reader_of(other);
    while (one.unread.length > 0) {
        struct response mine = next_response(&one);
        struct response theirs = next_response(&two);
        if (play->left_early && one.unread.length == 0) {
            // It may have left in the middle, also of an interim response.
            ck_assert(begins_with(theirs.bytes, mine.bytes) ||
                      begins_with(interim, mine.bytes));
            return;
        }
        ck_assert_uint_eq(mine.bytes.length, theirs.bytes.length);
        ck_assert(begins_with(theirs.bytes, mine.bytes));
    }
    skip_interim(&two);
    ck_assert(play->left_early || two.unread.length == 0);
    ck_assert(play->left_early || play->was_closed == other->was_closed);
}
