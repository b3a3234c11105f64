// check.c - the steps of exercise 3, and a way to try a body by hand
//
//     check decode | json | fields | limits | memory     one step
//     printf '...' | check body                          what becomes of it

#include "exercises/3_decoder/decoder_check.h"
#include "exercises/3_decoder/bodies.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *program_by_hand;

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
        decode_body(row->what, row->body);
        if (!outcome.accepted || !is_name(outcome.event.user, row->user) ||
            !is_name(outcome.event.action, row->action) ||
            outcome.event.amount != row->amount)
            check_fail(
                what_came(),
                check_text("accepted: user \"%s\", action \"%s\", amount "
                           "%" PRId64,
                           for_people(row->user, strlen(row->user)),
                           for_people(row->action, strlen(row->action)),
                           row->amount),
                cause_of(row));
    }
}

static bool has_detail(const char *wanted)
{
    if (wanted[0] == '*')
        return strstr(outcome.fault.detail, wanted + 1) != NULL;
    return strncmp(outcome.fault.detail, wanted, strlen(wanted)) == 0;
}

static void check_reason(const char *wanted)
{
    if (strcmp(reason_given(), wanted) != 0)
        check_fail(
            what_came(), check_text("rejected, with the reason %s", wanted),
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
        decode_body(row->what, row->body);
        if (!outcome.accepted)
            check_detail();
        if (outcome.accepted || !has_detail(row->detail))
            check_fail(what_came(),
                       check_text("rejected, with a detail that %s \"%s\"",
                                  is_part ? "contains" : "starts with",
                                  row->detail + is_part),
                       row->cause);
        check_reason(wanted_reason);
    }
}

// --- 3.1 An event is decoded -------------------------------------------------

static void events_are_decoded(void)
{
    say_where(MANUAL "\"Decoding\", json_loadb; \"Object\", json_object_get");
    check_valid(events, COUNT(events));
}

// --- 3.2 What is not JSON is rejected, and the byte is named -----------------

static void other_bytes_are_rejected(void)
{
    say_where(MANUAL "\"Error reporting\", json_error_t");
    check_invalid(not_json, COUNT(not_json), "invalid_json");
}

// --- 3.3 Missing or wrong fields are rejected, and the field is named --------

static void other_fields_are_rejected(void)
{
    say_where(MANUAL "\"Type\", \"String\", \"Number\"");
    check_invalid(wrong_fields, COUNT(wrong_fields), "invalid_event");
}

// --- 3.4 Limits --------------------------------------------------------------

static void limits_are_exact(void)
{
    say_where("lib/event/README.md, \"What RFC 8259 leaves to us\"");
    check_valid(within, COUNT(within));
    check_invalid(beyond, COUNT(beyond), "invalid_event");
    check_invalid(around, COUNT(around), "invalid_json");
}

// --- By hand -----------------------------------------------------------------

static void body_is_tried(void)
{
    static char bytes[BODY_MAX];
    size_t length = fread(bytes, 1, sizeof bytes, stdin);
    decode_body(NULL, (struct slice){bytes, length});
    check_released();
    printf("%s\n", what_came());
    exit(EXIT_SUCCESS); // without "passed"
}

int main(int argc, char **argv)
{
    static const struct check checks[] = {
        {"decode", events_are_decoded},
        {"json", other_bytes_are_rejected},
        {"fields", other_fields_are_rejected},
        {"limits", limits_are_exact},
        {"memory", step_memory},
        {"body", body_is_tried},
    };
    program_by_hand = argv[0];
    count_memory();
    return check_main(argc, argv, checks, COUNT(checks));
}
