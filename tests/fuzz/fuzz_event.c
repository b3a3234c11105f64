// fuzz_event.c - any bytes as an event
//
// * The bytes end before a page without access: jansson, which ASan does not
//   look into, reads no more than it was given.
// * What is rejected with its byte is just what json_validator.c rejects, which
//   has no code in common with jansson.
// * jansson, called in another way, agrees: what is an event, and which one.
// * An accepted event keeps the promises of event.h, and so does a detail.
// * An event that is written as JSON and read again is the same event, with any
//   amount and with white space around it.

#include "lib/base/buffer.h"
#include "lib/event/event_fast_path.h"
#include "lib/event/event_jansson.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_validator.h"
#include "tests/unit/guard.h"

#include <check.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

// A way to decode: the results of each are compared with event_decode's.
typedef bool decoder(struct slice json, struct event *event,
                     struct event_fault *fault);

static bool is_name(const char *text)
{
    return strlen(text) >= 1 && strlen(text) <= EVENT_NAME_MAX;
}

// The same with json_unpack, which alone would overlook a NUL.
static bool decode_by_unpack(struct slice json, struct event *event,
                             struct event_fault *fault)
{
    const char *user = NULL;
    const char *action = NULL;
    json_int_t amount = 0;
    json_t *value = NULL;
    if (json_validate(json) == JSON_VALID)
        value = json_loadb(json.bytes, json.length, 0, NULL);
    bool valid = json_unpack(value, "{s:s, s:s, s:I}", "user", &user, "action",
                             &action, "amount", &amount) == 0 &&
                 is_name(user) && is_name(action);
    if (valid) {
        snprintf(event->user, sizeof event->user, "%s", user);
        snprintf(event->action, sizeof event->action, "%s", action);
        event->amount = amount;
    }
    *fault = (struct event_fault){"invalid_event", "no event"};
    json_decref(value);
    return valid;
}

static bool decode_between_spaces(struct slice json, struct event *event,
                                  struct event_fault *fault)
{
    struct buffer spaced = {0};
    buffer_add_text(&spaced, " \t\r\n");
    buffer_add(&spaced, json);
    buffer_add_text(&spaced, "\n\r\t ");
    bool valid = event_decode(buffer_slice(&spaced), event, fault);
    buffer_destroy(&spaced);
    return valid;
}

static decoder *const others[] = {event_decode_jansson, decode_by_unpack,
                                  decode_between_spaces};

static void check_fault(const struct event_fault *fault)
{
    const char *end = memchr(fault->detail, '\0', sizeof fault->detail);
    ck_assert_ptr_nonnull(fault->reason);
    ck_assert(end != NULL && end > fault->detail);
    for (const char *at = fault->detail; at < end; at++)
        ck_assert(*at >= ' ' && *at <= '~');
}

static bool decode(decoder *with, struct slice json, struct event *event)
{
    struct event_fault fault;
    memset(&fault, '\x01', sizeof fault);
    memset(event, '\x01', sizeof *event);
    bool valid = with(json, event, &fault);
    if (!valid)
        check_fault(&fault);
    return valid;
}

// The limit of depth comes before the grammar. With so few brackets, it cannot
// be what the decoder found.
static bool is_flat(struct slice json)
{
    int brackets = 0;
    for (size_t i = 0; i < json.length; i++)
        brackets += json.bytes[i] == '[' || json.bytes[i] == '{';
    return brackets <= EVENT_DEPTH_MAX;
}

// JSON within our limits is rejected for its fields alone, and all else for its
// bytes. The reason tells JSON from what is none.
static void check_verdict(struct slice json)
{
    struct event event;
    struct event_fault fault = {"", ""};
    bool valid = event_decode(json, &event, &fault);
    bool names_a_byte =
        strncmp(fault.detail, "byte ", 5) == 0 || json.length == 0;
    bool is_json = strcmp(fault.reason, "invalid_event") == 0;
    switch (json_validate(json)) {
    case JSON_VALID:
        ck_assert(valid || (is_json && !names_a_byte));
        break;
    case JSON_INVALID:
        ck_assert(!valid && names_a_byte);
        ck_assert(!is_json || !is_flat(json));
        break;
    case JSON_BEYOND:
        ck_assert(!valid && names_a_byte && is_json);
        break;
    case JSON_BOTH:
        ck_assert(!valid && names_a_byte);
        break;
    }
}

static void check_same(const struct event *one, const struct event *other)
{
    ck_assert_str_eq(one->user, other->user);
    ck_assert_str_eq(one->action, other->action);
    ck_assert_int_eq(one->amount, other->amount);
}

// json_stringn returns NULL when the name is no UTF-8.
static void check_name(const char name[EVENT_NAME_MAX + 1])
{
    const char *end = memchr(name, '\0', EVENT_NAME_MAX + 1);
    ck_assert(end != NULL && end > name);
    json_t *text = json_stringn(name, (size_t)(end - name));
    ck_assert_ptr_nonnull(text);
    json_decref(text);
}

// An amount that depends on the bytes alone.
static int64_t amount_of(struct slice json)
{
    uint64_t sum = json.length;
    for (size_t i = 0; i < json.length; i++)
        sum = sum * 1099511628211U + (unsigned char)json.bytes[i];
    return (int64_t)(sum >> sum % 64);
}

static void check_written_again(const struct event *event)
{
    struct event read;
    json_t *value =
        json_pack("{s:s, s:s, s:I}", "user", event->user, "action",
                  event->action, "amount", (json_int_t)event->amount);
    char *text = json_dumps(value, JSON_COMPACT);
    ck_assert_ptr_nonnull(text);
    ck_assert(decode(event_decode, slice_of(text), &read));
    check_same(event, &read);
    free(text);
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guard guard;
    struct event event;
    struct event other;
    if (size > JSON_VALIDATOR_MAX)
        return 0;
    if (guard.start == NULL)
        guard_init(&guard, JSON_VALIDATOR_MAX);
    struct slice json = {(const char *)data, size};
    json.bytes = guard_place(&guard, json);
    check_verdict(json);
    bool valid = decode(event_decode, json, &event);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert(decode(others[i], json, &other) == valid);
        if (valid)
            check_same(&event, &other);
    }
    if (!valid)
        return 0;
    check_name(event.user);
    check_name(event.action);
    check_written_again(&event);
    event.amount = amount_of(json);
    check_written_again(&event);
    return 0;
}
