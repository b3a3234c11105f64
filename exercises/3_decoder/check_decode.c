// check_decode.c - calls the decoder, and looks at what came

#include "exercises/3_decoder/decoder_check.h"

#include <inttypes.h>
#include <stdio.h>

struct outcome outcome;

bool is_untouched(const void *bytes, size_t length)
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

const char *reason_given(void)
{
    if (is_untouched(&outcome.fault.reason, sizeof outcome.fault.reason))
        return "(not set)";
    return outcome.fault.reason == NULL ? "NULL" : outcome.fault.reason;
}

const char *what_came(void)
{
    const struct event *event = &outcome.event;
    if (!outcome.accepted)
        return check_text(
            "rejected, with the reason %s and the detail \"%s\"",
            reason_given(),
            text_of(outcome.fault.detail, sizeof outcome.fault.detail));
    return check_text("accepted: user \"%s\", action \"%s\", amount %" PRId64,
                      text_of(event->user, sizeof event->user),
                      text_of(event->action, sizeof event->action),
                      event->amount);
}

bool has_nul(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check_borders(void)
{
    if (!is_untouched(outcome.after_event, sizeof outcome.after_event) ||
        !is_untouched(outcome.after_fault, sizeof outcome.after_fault))
        check_fail(
            "bytes after struct event, or after the detail, were changed",
            "nothing is written outside of the event and of the detail",
            "a copy without a limit: a name has room for EVENT_NAME_MAX bytes "
            "and a NUL, a detail for EVENT_DETAIL_SIZE bytes with the NUL");
    if (!outcome.accepted &&
        has_nul(outcome.fault.detail, sizeof outcome.fault.detail) &&
        strstr(outcome.fault.detail, "AFTERTHE") != NULL)
        check_fail(
            what_came(), "only the bytes of the slice are read",
            "a slice has no NUL at its end: json_loads reads up to a NUL, "
            "json_loadb takes a length");
}

static void say(const char *name, struct slice bytes)
{
    check_doing("a loop of the decoder has no end",
                "the decoder gets %s, %zu bytes: %s", name, bytes.length,
                for_printf(bytes));
    printf(strchr(program_by_hand, ' ') == NULL
               ? "by hand: printf '%s' | %s body\n"
               : "by hand: printf '%s' | '%s' body\n",
           for_printf(bytes), program_by_hand);
}

// The body is followed by other bytes, as it is in the buffer of a connection.
void decode_body(const char *name, struct slice bytes)
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

// Each rejection has a detail, which is one line of printable ASCII.
void check_detail(void)
{
    static const char wanted[] = "false, and a detail in printable ASCII";
    const char *nul =
        memchr(outcome.fault.detail, '\0', sizeof outcome.fault.detail);
    if (is_untouched(outcome.fault.detail, sizeof outcome.fault.detail) ||
        nul == outcome.fault.detail)
        check_fail(
            "rejected, without a detail", wanted,
            "the detail is not set on this way out: the client is then told "
            "what was in that memory before");
    if (nul == NULL)
        check_fail("rejected, with a detail without a NUL", wanted,
                   "write the detail with reject, which knows its size");
    for (const char *at = outcome.fault.detail; at < nul; at++)
        if (*at < ' ' || *at > '~')
            check_fail(
                what_came(), wanted,
                "jansson's text quotes the client's bytes: reject replaces "
                "those that a terminal would obey");
}
