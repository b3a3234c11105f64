#include "tests/unit/http_cuts.h"
#include "tests/unit/guard.h"
#include "tests/unit/mutate.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum {
    MUTATIONS = 100,                       // of each request
    CHANGES_MAX = 3,                       // in one mutation
    LONGER_MAX = CHANGES_MAX * MUTATE_MAX, // in bytes, by all of them
};

static struct guard whole_room; // for what is parsed whole
static struct guard piece_room; // for what is compared with it
static const struct http_limits *limits_in_use = &http_limits_default;
static char title[256];

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

void set_title(const char *why)
{
    snprintf(title, sizeof title, "%s", why);
}

// Writes a byte as in C source.
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
    ck_abort_msg("%s\n# %s, given %zu of the %zu bytes\n# \"%s\"", title, what,
                 given, bytes.length, quoted(bytes));
}

// Parses a copy, because a chunked body is joined in place. In every case the
// request is not longer than the given bytes, and all other bytes are
// unchanged.
static struct outcome parse_in(struct guard *room, struct slice bytes,
                               size_t given, struct http_progress *progress)
{
    struct outcome outcome;
    memset(&outcome, 0xa5, sizeof outcome);
    char *copy = guard_place(room, (struct slice){bytes.bytes, given});
    outcome.result = http_parse_request(copy, given, limits_in_use, progress,
                                        &outcome.request);
    size_t taken =
        outcome.result == HTTP_PARSE_DONE ? outcome.request.length : 0;
    if (taken > given)
        fail_at(bytes, given, "took more than was given");
    if (memcmp(copy + taken, bytes.bytes + taken, given - taken) != 0)
        fail_at(bytes, given, "changed bytes that were not taken");
    return outcome;
}

struct outcome parse_whole(struct slice bytes)
{
    struct http_progress progress = {0};
    return parse_in(&whole_room, bytes, bytes.length, &progress);
}

struct outcome parse_continued(struct slice bytes, size_t given,
                               struct http_progress *progress)
{
    return parse_in(&piece_room, bytes, given, progress);
}

struct outcome parse_prefix(struct slice bytes, size_t given)
{
    struct http_progress progress = {0};
    return parse_continued(bytes, given, &progress);
}

static bool is_same(struct slice one, struct slice other)
{
    return one.length == other.length &&
           (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

bool is_same_outcome(const struct outcome *one, const struct outcome *other)
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

static struct outcome parse_byte_by_byte(struct slice bytes)
{
    struct http_progress progress = {0};
    struct outcome outcome = {.result = HTTP_PARSE_MORE};
    size_t given = 0;
    while (given <= bytes.length && outcome.result == HTTP_PARSE_MORE)
        outcome = parse_continued(bytes, given++, &progress);
    return outcome;
}

// Parses `cut` bytes and then, if that gave MORE, all. Returns whether the
// first were enough.
static bool check_cut(struct slice bytes, size_t cut,
                      const struct outcome *whole)
{
    struct http_progress progress = {0};
    struct outcome outcome = parse_continued(bytes, cut, &progress);
    bool was_enough = outcome.result != HTTP_PARSE_MORE;
    if (!was_enough)
        outcome = parse_continued(bytes, bytes.length, &progress);
    if (!is_same_outcome(&outcome, whole))
        fail_at(bytes, cut, "a cut changed the outcome");
    return was_enough;
}

void check_cuts(struct slice bytes)
{
    struct outcome whole = parse_whole(bytes);
    bool was_enough = false;
    for (size_t cut = 0; cut <= bytes.length; cut++) {
        bool is_enough = check_cut(bytes, cut, &whole);
        if (was_enough && !is_enough)
            fail_at(bytes, cut, "needs more bytes than before");
        was_enough = is_enough;
    }
    struct outcome outcome = parse_byte_by_byte(bytes);
    if (!is_same_outcome(&outcome, &whole))
        fail_at(bytes, bytes.length, "the outcome differs byte by byte");
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
        snprintf(title, sizeof title, "mutation %d with seed %u", i,
                 (unsigned)seed);
        check_cuts((struct slice){mutant, length});
    }
}
