// fuzz_chunked.c - any bytes as a chunked body, against a second decoder
//
// * lib/ and chunked_decoder.c, which works in another way, agree: accepted,
//   rejected or unfinished; the same body; the same end.
// * The result is the same in one go, cut in two, and in small steps. So what a
//   connection remembers between two pieces changes nothing.

#include "tests/fuzz/chunked_decoder.h"
#include "tests/fuzz/pieces.h"

enum { BODY_MAX = 2048 }; // in bytes, on the wire

static const struct slice header =
    SLICE("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");

// The second limits are so small that short inputs reach all of them; the third
// and the fourth have much room for one kind of bytes, and little for another.
static const struct http_limits limits[] = {
    {8 * 1024, 16 * 1024, 100, 1024 * 1024, 8 * 1024},
    {100, 200, 3, 16, 8},
    {100, 200, 3, 300, 0},
    {100, 200, 3, 5, 300},
};

static enum http_parse verdict_of(const struct chunked_decoder *decoder)
{
    if (decoder->place == CHUNKED_DONE)
        return HTTP_PARSE_DONE;
    return decoder->place == CHUNKED_REJECTED ? HTTP_PARSE_REJECTED
                                              : HTTP_PARSE_MORE;
}

static void compare(struct slice bytes, const struct outcome *outcome,
                    const struct chunked_decoder *decoder)
{
    const struct http_request *request = &outcome->request;
    const struct buffer *body = &decoder->body;
    if (outcome->result != verdict_of(decoder))
        fail_at(bytes, header.length + decoder->taken,
                "the second decoder disagrees");
    if (outcome->result != HTTP_PARSE_DONE)
        return;
    if (request->length != header.length + decoder->taken)
        fail_at(bytes, request->length, "the body ends elsewhere");
    if (request->body.length != body->length ||
        (body->length > 0 &&
         memcmp(request->body.bytes, body->bytes, body->length) != 0))
        fail_at(bytes, request->length, "the body is another");
}

static void set_up(void)
{
    static bool is_done;
    if (!is_done)
        cuts_setup();
    is_done = true;
    set_title("a fuzzed chunked body");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = {(const char *)data, size};
    struct choices choices = take_choices(&body);
    struct chunked_decoder decoder = {
        .limits = &limits[choices.limits % (sizeof limits / sizeof limits[0])]};
    struct buffer request = {0};
    if (size > BODY_MAX)
        return 0;
    set_up();
    buffer_add(&request, header);
    buffer_add(&request, body);
    cuts_use_limits(decoder.limits);
    choices.cut += header.length; // fuzz_request.c cuts header sections
    struct outcome outcome = check_pieces(buffer_slice(&request), &choices);
    chunked_decode(&decoder, body);
    compare(buffer_slice(&request), &outcome, &decoder);
    buffer_destroy(&decoder.body);
    buffer_destroy(&request);
    return 0;
}
