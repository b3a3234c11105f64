#include "tests/fuzz/responses.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

// Where in the received bytes we are.
struct reader {
    const struct play *play;
    struct slice rest;
    int number; // of the next answer
};

struct answer {
    struct slice bytes;
    bool is_whole;
};

static struct reader reader_of(const struct play *play)
{
    return (struct reader){.play = play, .rest = buffer_slice(&play->received)};
}

static const struct slice interim = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

static bool begins_with(struct slice whole, struct slice part)
{
    return part.length <= whole.length &&
           (part.length == 0 ||
            memcmp(whole.bytes, part.bytes, part.length) == 0);
}

// From the words on; empty when they are not there.
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

// With the empty line that ends it; empty when that did not come.
static struct slice head_of(struct slice bytes)
{
    static const char end[] = "\r\n\r\n";
    struct slice found = find(bytes, end);
    if (found.length > 0)
        bytes.length -= found.length - (sizeof end - 1);
    else
        bytes.length = 0;
    return bytes;
}

static size_t body_length(struct slice head)
{
    static const char field[] = "\r\nContent-Length: ";
    struct slice found = find(head, field);
    ck_assert_uint_gt(found.length, 0);
    return strtoul(found.bytes + sizeof field - 1, NULL, 10);
}

// A request that was refused may have been a HEAD: nobody told us.
static bool has_no_body(const struct reader *reader, struct slice head)
{
    if (reader->number < reader->play->handled)
        return reader->play->is_head[reader->number];
    return head.length == reader->rest.length;
}

static void skip_interim(struct reader *reader)
{
    while (begins_with(reader->rest, interim))
        reader->rest = slice_after(reader->rest, interim.length);
}

// Empty: there is no other.
static struct answer next_answer(struct reader *reader)
{
    skip_interim(reader);
    struct slice head = head_of(reader->rest);
    struct answer answer = {.bytes = reader->rest};
    if (head.length > 0) {
        size_t body = has_no_body(reader, head) ? 0 : body_length(head);
        answer.is_whole = head.length + body <= reader->rest.length;
        if (answer.is_whole)
            answer.bytes.length = head.length + body;
    }
    reader->rest = slice_after(reader->rest, answer.bytes.length);
    reader->number++;
    return answer;
}

// The handler numbers its answers. The others are refusals, and the last.
static void check_answer(struct slice answer, int number, int handled,
                         size_t behind)
{
    char expected[64];
    struct slice head = head_of(answer);
    bool is_last = has(head, "\r\nConnection: close\r\n");
    snprintf(expected, sizeof expected, "\r\nNumber: %d\r\n", number);
    ck_assert(slice_starts_with(head, "HTTP/1.1 "));
    ck_assert(is_last || has(head, "\r\nConnection: keep-alive\r\n"));
    if (number < handled)
        ck_assert(has(head, expected));
    else
        ck_assert(is_last && !has(head, "\r\nNumber: "));
    if (is_last)
        ck_assert_uint_eq(behind, 0);
}

void check_responses(const struct play *play)
{
    struct reader reader = reader_of(play);
    bool may_miss_some = play->left_early || play->was_disturbed;
    int count = 0;
    while (reader.rest.length > 0) {
        struct answer answer = next_answer(&reader);
        ck_assert(answer.is_whole || answer.bytes.length == 0 || may_miss_some);
        if (!answer.is_whole)
            break;
        check_answer(answer.bytes, count, play->handled, reader.rest.length);
        count++;
    }
    ck_assert(count >= play->handled || may_miss_some);
}

void compare_responses(const struct play *play, const struct play *other)
{
    struct reader one = reader_of(play);
    struct reader two = reader_of(other);
    while (one.rest.length > 0) {
        struct answer mine = next_answer(&one);
        struct answer theirs = next_answer(&two);
        if (play->left_early && one.rest.length == 0) {
            // Perhaps it left in the middle, of an interim answer too.
            ck_assert(begins_with(theirs.bytes, mine.bytes) ||
                      begins_with(interim, mine.bytes));
            return;
        }
        ck_assert_uint_eq(mine.bytes.length, theirs.bytes.length);
        ck_assert(begins_with(theirs.bytes, mine.bytes));
    }
    skip_interim(&two);
    ck_assert(play->left_early || two.rest.length == 0);
    ck_assert(play->left_early || play->was_closed == other->was_closed);
}
