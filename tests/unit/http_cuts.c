#include "tests/unit/http_cuts.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum {
    MUTATIONS = 100,                       // of each request
    CHANGES_MAX = 3,                       // in one mutation
    LONGER_MAX = CHANGES_MAX * MUTATE_MAX, // in bytes, by so many changes
};

static struct guard whole_room; // for what is parsed in one go
static struct guard piece_room; // for what is compared with it
static const struct http_limits *limits_in_use = &http_limits_default;
static char story[256];

void cuts_setup(void)
{
    guard_init(&whole_room, CUTS_MAX);
    guard_init(&piece_room, CUTS_MAX);
}

void cuts_teardown(void)
{
    guard_destroy(&whole_room);
    guard_destroy(&piece_room);
}

void cuts_use_limits(const struct http_limits *limits)
{
    limits_in_use = limits;
}

void tell(const char *why)
{
    snprintf(story, sizeof story, "%s", why);
}

// A byte as one would write it in C.
static int quote(char *text, unsigned char byte)
{
    if (byte == '\r')
        return sprintf(text, "\\r");
    if (byte == '\n')
        return sprintf(text, "\\n");
    if (byte == '"' || byte == '\\')
        return sprintf(text, "\\%c", byte);
    if (byte < ' ' || byte >= 0x7f)
        return sprintf(text, "\\%03o", byte);
    return sprintf(text, "%c", byte);
}

static const char *quoted(struct slice bytes)
{
    static char text[4 * CUTS_MAX + 1];
    char *end = text;
    *end = '\0';
    for (size_t i = 0; i < bytes.length && i < CUTS_MAX; i++)
        end += quote(end, (unsigned char)bytes.bytes[i]);
    return text;
}

_Noreturn void fail_at(struct slice bytes, size_t given, const char *what)
{
    ck_abort_msg("%s\n# %s, given %zu of the %zu bytes\n# \"%s\"", story, what,
                 given, bytes.length, quoted(bytes));
}

// Parses a copy, because a chunked body is joined in place. Whatever the answer
// is: no more was taken than given, and nothing else was changed.
static struct answer parse_in(struct guard *room, struct slice bytes,
                              size_t given, struct http_progress *progress)
{
    struct answer answer;
    memset(&answer, 0xa5, sizeof answer);
    char *copy = guard_place(room, (struct slice){bytes.bytes, given});
    answer.result = http_parse_request(copy, given, limits_in_use, progress,
                                       &answer.request);
    size_t taken = answer.result == HTTP_PARSE_DONE ? answer.request.length : 0;
    if (taken > given)
        fail_at(bytes, given, "took more than was given");
    if (memcmp(copy + taken, bytes.bytes + taken, given - taken) != 0)
        fail_at(bytes, given, "changed bytes that were not taken");
    return answer;
}

struct answer parse_whole(struct slice bytes)
{
    struct http_progress progress = {0};
    return parse_in(&whole_room, bytes, bytes.length, &progress);
}

struct answer parse_on(struct slice bytes, size_t given,
                       struct http_progress *progress)
{
    return parse_in(&piece_room, bytes, given, progress);
}

struct answer parse_first(struct slice bytes, size_t given)
{
    struct http_progress progress = {0};
    return parse_on(bytes, given, &progress);
}

static bool is_same(struct slice one, struct slice other)
{
    return one.length == other.length &&
           (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

bool is_same_response(const struct answer *one, const struct answer *other)
{
    const struct http_request *a = &one->request;
    const struct http_request *b = &other->request;
    return one->result == other->result && is_same(a->method, b->method) &&
           is_same(a->path, b->path) && is_same(a->body, b->body) &&
           a->keep_alive == b->keep_alive &&
           a->wants_continue == b->wants_continue && a->length == b->length &&
           a->status == b->status && a->detail == b->detail &&
           a->fault_offset == b->fault_offset;
}

static struct answer parse_byte_by_byte(struct slice bytes)
{
    struct http_progress progress = {0};
    struct answer answer = {.result = HTTP_PARSE_MORE};
    size_t given = 0;
    while (given <= bytes.length && answer.result == HTTP_PARSE_MORE)
        answer = parse_on(bytes, given++, &progress);
    return answer;
}

// Gives `cut` bytes and then, where they do not suffice, all. Returns whether
// they did.
static bool check_cut(struct slice bytes, size_t cut,
                      const struct answer *whole)
{
    struct http_progress progress = {0};
    struct answer answer = parse_on(bytes, cut, &progress);
    bool sufficed = answer.result != HTTP_PARSE_MORE;
    if (!sufficed)
        answer = parse_on(bytes, bytes.length, &progress);
    if (!is_same_response(&answer, whole))
        fail_at(bytes, cut, "a cut changed the answer");
    return sufficed;
}

void check_cuts(struct slice bytes)
{
    struct answer whole = parse_whole(bytes);
    bool sufficed = false;
    for (size_t cut = 0; cut <= bytes.length; cut++) {
        bool suffices = check_cut(bytes, cut, &whole);
        if (sufficed && !suffices)
            fail_at(bytes, cut, "wants more than it wanted before");
        sufficed = suffices;
    }
    struct answer answer = parse_byte_by_byte(bytes);
    if (!is_same_response(&answer, &whole))
        fail_at(bytes, bytes.length, "byte by byte the answer is another");
}

void check_mutations(struct slice bytes, uint32_t seed)
{
    char mutant[CUTS_MAX];
    uint32_t state = seed;
    ck_assert_uint_le(bytes.length + LONGER_MAX, sizeof mutant);
    for (int i = 0; i < MUTATIONS; i++) {
        size_t length = bytes.length;
        memcpy(mutant, bytes.bytes, length);
        for (size_t n = random_below(&state, CHANGES_MAX) + 1; n > 0; n--)
            length = mutate(mutant, length, &state);
        snprintf(story, sizeof story, "mutation %d with seed %u", i,
                 (unsigned)seed);
        check_cuts((struct slice){mutant, length});
    }
}
