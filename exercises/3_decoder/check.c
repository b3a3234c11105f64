// check.c - the steps of exercise 3, and a way to try a body by hand
//
//     check decode | json | fields | limits | memory     one step
//     printf '...' | check body                          what becomes of it
//
// It calls event_decode_jansson itself, because event_decode asks the fast path
// first. All that it knows is in event_jansson.h and event.h.

#include "exercises/3_decoder/bodies.h"
#include "exercises/check.h"
#include "lib/base/buffer.h"
#include "lib/event/event_jansson.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BODY_MAX = 4096, // in bytes
    UNTOUCHED = 1,   // the byte that memory has before the call
    RELEASED = 0xdd, // the byte that memory has after its release
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define MANUAL "jansson's manual, https://jansson.readthedocs.io: "

// --- The memory that jansson uses --------------------------------------------

// Each block has a header. What is released keeps its bytes until the end of
// the call, so that a use after the release is seen, and does no harm.
struct block {
    struct block *next;
    size_t size;
    bool is_released;
    alignas(max_align_t) unsigned char bytes[];
};

static struct block *blocks; // of this call
static int allocations_left; // how many succeed, before all others fail
static int released_twice;

static void *allocate(size_t size)
{
    if (allocations_left-- <= 0)
        return NULL;
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (struct block){.next = blocks, .size = size};
    blocks = block;
    return block->bytes;
}

static void release(void *bytes)
{
    if (bytes == NULL)
        return;
    struct block *block =
        (void *)((char *)bytes - offsetof(struct block, bytes));
    released_twice += block->is_released;
    block->is_released = true;
    memset(block->bytes, RELEASED, block->size);
}

static int count_leaks(size_t *bytes)
{
    int count = 0;
    for (struct block *block = blocks; block != NULL; block = block->next) {
        count += !block->is_released;
        *bytes += block->is_released ? 0 : block->size;
    }
    return count;
}

static bool is_used_after_release(void)
{
    for (struct block *block = blocks; block != NULL; block = block->next)
        for (size_t i = 0; block->is_released && i < block->size; i++)
            if (block->bytes[i] != RELEASED)
                return true;
    return released_twice > 0;
}

static void discard_blocks(void)
{
    while (blocks != NULL) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
    released_twice = 0;
}

// --- What is said ------------------------------------------------------------

static const char *program;

// Bytes in single quotes as printf(1) takes them: what is not printable ASCII,
// as \ooo.
static const char *for_printf(struct slice bytes)
{
    static struct buffer text;
    buffer_clear(&text);
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char byte = (unsigned char)bytes.bytes[i];
        if (byte < ' ' || byte > '~' || byte == '\'')
            buffer_add_format(&text, "\\%03o", byte);
        else
            buffer_add_format(&text, strchr("\\%", byte) ? "%c%c" : "%c", byte,
                              byte);
    }
    buffer_add(&text, (struct slice){"", 1}); // the NUL
    return text.bytes;
}

// For people: the same, but without escapes where they can do without.
static const char *for_people(const char *bytes, size_t length)
{
    static char texts[4][EVENT_DETAIL_SIZE * 4];
    static unsigned next;
    char *text = texts[next++ % 4];
    char *at = text;
    for (size_t i = 0; i < length && i < EVENT_DETAIL_SIZE; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        at += sprintf(at, byte < ' ' || byte > '~' ? "\\%03o" : "%c", byte);
    }
    *at = '\0';
    return text;
}

static void fail(const char *came, const char *wanted, const char *likely)
{
    check_that(false, came, wanted, likely);
}

// --- Calling the decoder -----------------------------------------------------

static struct {
    bool accepted;
    struct event event;
    char after_event[512]; // must stay as it is
    struct event_fault fault;
    char after_fault[64]; // the same
} outcome;

static bool is_untouched(const void *bytes, size_t length)
{
    const char *at = bytes;
    for (size_t i = 0; i < length; i++)
        if (at[i] != UNTOUCHED)
            return false;
    return true;
}

// A text for people. Where its NUL is missing, it ends at memory that was not
// written.
static const char *text_of(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);
    if (end != NULL)
        return for_people(text, (size_t)(end - text));
    end = memchr(text, UNTOUCHED, size);
    return check_text(
        "%s(no NUL)",
        for_people(text, end == NULL ? size : (size_t)(end - text)));
}

static const char *reason(void)
{
    if (is_untouched(&outcome.fault.reason, sizeof outcome.fault.reason))
        return "(not set)";
    return outcome.fault.reason == NULL ? "NULL" : outcome.fault.reason;
}

static const char *came(void)
{
    const struct event *event = &outcome.event;
    if (!outcome.accepted)
        return check_text(
            "rejected, with the reason %s and the detail \"%s\"", reason(),
            text_of(outcome.fault.detail, sizeof outcome.fault.detail));
    return check_text("accepted: user \"%s\", action \"%s\", amount %" PRId64,
                      text_of(event->user, sizeof event->user),
                      text_of(event->action, sizeof event->action),
                      event->amount);
}

static bool has_nul(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check_borders(void)
{
    if (!is_untouched(outcome.after_event, sizeof outcome.after_event) ||
        !is_untouched(outcome.after_fault, sizeof outcome.after_fault))
        fail("bytes after struct event, or after the detail, were changed",
             "nothing is written outside of the event and of the detail",
             "a copy without a limit: a name has room for EVENT_NAME_MAX bytes "
             "and a NUL, a detail for EVENT_DETAIL_SIZE bytes with the NUL");
    if (!outcome.accepted &&
        has_nul(outcome.fault.detail, sizeof outcome.fault.detail) &&
        strstr(outcome.fault.detail, "AFTERTHE") != NULL)
        fail(came(), "only the bytes of the slice are read",
             "a slice has no NUL at its end: json_loads reads up to a NUL, "
             "json_loadb takes a length");
}

static void say(const char *name, struct slice bytes)
{
    check_doing("a loop of the decoder has no end",
                "the decoder gets %s, %zu bytes: %s", name, bytes.length,
                for_printf(bytes));
    printf(strchr(program, ' ') == NULL ? "by hand: printf '%s' | %s body\n"
                                        : "by hand: printf '%s' | '%s' body\n",
           for_printf(bytes), program);
}

// The body is followed by other bytes, as it is in the buffer of a connection.
static void decode(const char *name, struct slice bytes)
{
    static const char other[] = "AFTERTHESLICE";
    static char room[BODY_MAX + sizeof other];
    if (name != NULL)
        say(name, bytes);
    memset(&outcome, UNTOUCHED, sizeof outcome);
    if (bytes.length > 0)
        memcpy(room, bytes.bytes, bytes.length);
    memcpy(room + bytes.length, other, sizeof other);
    outcome.accepted = event_decode_jansson((struct slice){room, bytes.length},
                                            &outcome.event, &outcome.fault);
    check_borders();
}

// --- Bodies that are events --------------------------------------------------

static bool is_name(const char name[EVENT_NAME_MAX + 1], const char *wanted)
{
    return memcmp(name, wanted, strlen(wanted) + 1) == 0;
}

// What can be seen better than by the body alone.
static const char *cause_of(const struct valid *row)
{
    const struct event *event = &outcome.event;
    if (!outcome.accepted)
        return !has_nul(outcome.fault.detail, sizeof outcome.fault.detail) ||
                       strstr(outcome.fault.detail, "not written yet") == NULL
                   ? row->cause
                   : "a part is not built yet: look for \"build:\" in "
                     "lib/event/event_jansson.c";
    if (is_untouched(event->user, sizeof event->user))
        return "the user is not copied";
    if (is_untouched(event->action, sizeof event->action))
        return "the action is not copied";
    if (is_untouched(&event->amount, sizeof event->amount))
        return "the amount is not copied";
    if (!has_nul(event->user, sizeof event->user) ||
        !has_nul(event->action, sizeof event->action))
        return "no NUL after the name: json_string_length does not count it";
    return row->cause;
}

static void check_valid(const struct valid *rows, size_t count)
{
    for (const struct valid *row = rows; row < rows + count; row++) {
        check_crash(row->cause);
        decode(row->what, row->body);
        if (!outcome.accepted || !is_name(outcome.event.user, row->user) ||
            !is_name(outcome.event.action, row->action) ||
            outcome.event.amount != row->amount)
            fail(came(),
                 check_text("accepted: user \"%s\", action \"%s\", amount "
                            "%" PRId64,
                            for_people(row->user, strlen(row->user)),
                            for_people(row->action, strlen(row->action)),
                            row->amount),
                 cause_of(row));
    }
}

// --- Bodies that are not -----------------------------------------------------

static bool has_detail(const char *wanted)
{
    if (wanted[0] == '*')
        return strstr(outcome.fault.detail, wanted + 1) != NULL;
    return strncmp(outcome.fault.detail, wanted, strlen(wanted)) == 0;
}

// Each rejection has a detail, which is one line of printable ASCII.
static void check_detail(void)
{
    static const char wanted[] = "false, and a detail in printable ASCII";
    const char *nul =
        memchr(outcome.fault.detail, '\0', sizeof outcome.fault.detail);
    if (is_untouched(outcome.fault.detail, sizeof outcome.fault.detail) ||
        nul == outcome.fault.detail)
        fail("rejected, without a detail", wanted,
             "the detail is not set on this way out: the client is then told "
             "what was in that memory before");
    if (nul == NULL)
        fail("rejected, with a detail without a NUL", wanted,
             "write the detail with reject, which knows its size");
    for (const char *at = outcome.fault.detail; at < nul; at++)
        if (*at < ' ' || *at > '~')
            fail(came(), wanted,
                 "jansson's text quotes the client's bytes: reject replaces "
                 "those that a terminal would obey");
}

static void check_reason(const char *wanted)
{
    if (strcmp(reason(), wanted) != 0)
        fail(came(), check_text("rejected, with the reason %s", wanted),
             "invalid_json is for what is not JSON, and invalid_event for JSON "
             "that is not an event; where jansson rejects, reason_of(&error) "
             "is the reason");
}

static void check_invalid(const struct invalid *rows, size_t count,
                          const char *wanted_reason)
{
    for (const struct invalid *row = rows; row < rows + count; row++) {
        bool is_part = row->detail[0] == '*';
        check_crash(row->cause);
        decode(row->what, row->body);
        if (!outcome.accepted)
            check_detail();
        if (outcome.accepted || !has_detail(row->detail))
            fail(came(),
                 check_text("rejected, with a detail that %s \"%s\"",
                            is_part ? "contains" : "starts with",
                            row->detail + is_part),
                 row->cause);
        check_reason(wanted_reason);
    }
}

// --- 3.1 An event is decoded -------------------------------------------------

static void where(const char *text)
{
    printf("read: %s\n", text);
}

static void events_are_decoded(void)
{
    where(MANUAL "\"Decoding\", json_loadb; \"Object\", json_object_get");
    check_valid(events, COUNT(events));
}

// --- 3.2 What is not JSON is rejected, and the byte is named -----------------

static void other_bytes_are_rejected(void)
{
    where(MANUAL "\"Error reporting\", json_error_t");
    check_invalid(not_json, COUNT(not_json), "invalid_json");
}

// --- 3.3 Missing or wrong fields are rejected, and the field is named --------

static void other_fields_are_rejected(void)
{
    where(MANUAL "\"Type\", \"String\", \"Number\"");
    check_invalid(wrong_fields, COUNT(wrong_fields), "invalid_event");
}

// --- 3.4 Limits --------------------------------------------------------------

static void limits_are_exact(void)
{
    where("lib/event/README.md, \"What RFC 8259 leaves to us\"");
    check_valid(within, COUNT(within));
    check_invalid(beyond, COUNT(beyond), "invalid_event");
    check_invalid(around, COUNT(around), "invalid_json");
}

// --- 3.5 Nothing leaks, and out of memory is no crash ------------------------

static void check_released(void)
{
    size_t bytes = 0;
    int leaks = count_leaks(&bytes);
    if (is_used_after_release())
        fail("a value of jansson's was used after its release, or released "
             "twice",
             "one json_decref for each json_loadb, after the last use",
             "json_object_get only lends its value, which belongs to the "
             "object: no json_decref for that one");
    if (leaks > 0)
        fail(check_text("%s, and then %d blocks of memory, together %zu bytes, "
                        "were not released",
                        outcome.accepted ? "accepted" : "rejected", leaks,
                        bytes),
             "as much memory is in use after the call as before it",
             "json_decref is missing on this way out: the value that "
             "json_loadb returned is yours, also when the event is rejected");
    discard_blocks();
}

// So many allocations succeed. Returns whether these were enough.
static bool decode_with(int allocations)
{
    allocations_left = allocations;
    decode("an event, and the memory runs out", released[1].body);
    printf("by hand: %s memory\n", program);
    allocations_left = INT_MAX;
    check_released();
    if (outcome.accepted)
        return true;
    check_detail();
    // Later, jansson mistakes it for a fault of the text, and so do we.
    if (allocations == 0 && strstr(outcome.fault.detail, "memory") == NULL)
        fail(came(), "rejected, with a detail that contains \"memory\"",
             "json_loadb returned NULL, and error.text is empty: the client's "
             "bytes are not to blame");
    if (allocations == 0 && outcome.fault.reason != NULL)
        fail(came(), "rejected, with the reason NULL",
             "the client's bytes are not to blame: with NULL the response is "
             "a 500");
    return false;
}

static void memory_is_released(void)
{
    enum { PLENTY = 1000 }; // allocations; jansson needs about 20
    where(MANUAL "\"Reference Count\", \"Borrowing References\"");
    check_crash(
        "a value is used after its release, or NULL is used as a value");
    for (size_t i = 0; i < COUNT(released); i++) {
        decode(released[i].what, released[i].body);
        check_released();
    }
    int allocations = 0;
    while (!decode_with(allocations))
        if (++allocations > PLENTY)
            fail(came(), "accepted", "an event is rejected without a cause");
}

// --- By hand -----------------------------------------------------------------

static void body_is_tried(void)
{
    static char bytes[BODY_MAX];
    size_t length = fread(bytes, 1, sizeof bytes, stdin);
    decode(NULL, (struct slice){bytes, length});
    check_released();
    printf("%s\n", came());
    exit(EXIT_SUCCESS); // without "passed"
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"decode", events_are_decoded},
        {"json", other_bytes_are_rejected},
        {"fields", other_fields_are_rejected},
        {"limits", limits_are_exact},
        {"memory", memory_is_released},
        {"body", body_is_tried},
    };
    program = argv[0];
    allocations_left = INT_MAX;
    json_set_alloc_funcs(allocate, release);
    return check_main(argc, argv, checks, COUNT(checks));
}
