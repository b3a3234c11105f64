#include "tests/fuzz/chunked_decoder.h"

static void start_line(struct chunked_decoder *decoder,
                       enum chunked_place place)
{
    decoder->place = place;
    decoder->line_length = 0;
    decoder->digits = 0;
    decoder->extension = AFTER_SIZE;
    decoder->is_wrong = false;
    decoder->is_named = false;
}

static size_t overhead_left(const struct chunked_decoder *decoder)
{
    size_t max = (size_t)decoder->limits->trailers_max;
    return max > decoder->overhead ? max - decoder->overhead : 0;
}

static void reject_unless(struct chunked_decoder *decoder, bool is_right)
{
    if (!is_right)
        decoder->place = CHUNKED_REJECTED;
}

static bool may_end(enum extension_place place)
{
    return place == AFTER_SIZE || place == IN_NAME || place == IN_VALUE;
}

// chunk-size = 1*HEXDIG; we take sixteen at most.
static void end_size_line(struct chunked_decoder *decoder)
{
    size_t extension = decoder->line_length - decoder->digits;
    size_t room = (size_t)decoder->limits->body_max - decoder->body.length;
    bool is_right = !decoder->is_wrong && decoder->digits >= 1 &&
                    decoder->digits <= 16 && may_end(decoder->extension) &&
                    (extension == 0 || extension <= overhead_left(decoder)) &&
                    decoder->left <= room;
    decoder->overhead += extension;
    if (decoder->left > 0)
        decoder->place = CHUNKED_DATA;
    else
        start_line(decoder, CHUNKED_TRAILER);
    reject_unless(decoder, is_right);
}

// trailer-section = *( field-line CRLF ), and then an empty line.
static void end_trailer(struct chunked_decoder *decoder)
{
    bool is_last = decoder->line_length == 0;
    bool is_right = is_last || (decoder->is_named && !decoder->is_wrong);
    decoder->overhead += decoder->line_length;
    start_line(decoder, is_last ? CHUNKED_DONE : CHUNKED_TRAILER);
    reject_unless(decoder, is_right);
}

// The framing may take twice the room of the data, and the overhead's.
static void end_chunk(struct chunked_decoder *decoder)
{
    const struct http_limits *limits = decoder->limits;
    start_line(decoder, CHUNKED_SIZE);
    reject_unless(decoder, decoder->taken <= 2 * (size_t)limits->body_max +
                                                 (size_t)limits->trailers_max);
}

static void end_line(struct chunked_decoder *decoder)
{
    if (decoder->place == CHUNKED_TRAILER)
        end_trailer(decoder);
    else if (decoder->place == CHUNKED_END)
        end_chunk(decoder);
    else
        end_size_line(decoder);
}

static bool is_tchar(char byte)
{
    static const char tchar[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~";
    return byte != '\0' && strchr(tchar, byte) != NULL;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static enum extension_place extension_after(enum extension_place place,
                                            char byte)
{
    switch (place) {
    case AFTER_SIZE:
    case BEFORE_SEMICOLON:
    case IN_VALUE:
        if (place == IN_VALUE && is_tchar(byte))
            return IN_VALUE;
        return is_blank(byte) ? BEFORE_SEMICOLON
               : byte == ';'  ? BEFORE_NAME
                              : NOWHERE;
    case BEFORE_NAME:
        return is_blank(byte) ? place : is_tchar(byte) ? IN_NAME : NOWHERE;
    case IN_NAME:
    case AFTER_NAME:
        if (place == IN_NAME && is_tchar(byte))
            return IN_NAME;
        return is_blank(byte) ? AFTER_NAME
               : byte == ';'  ? BEFORE_NAME
               : byte == '='  ? BEFORE_VALUE
                              : NOWHERE;
    case BEFORE_VALUE:
        return is_blank(byte)   ? place
               : byte == '"'    ? IN_QUOTES
               : is_tchar(byte) ? IN_VALUE
                                : NOWHERE;
    case IN_QUOTES:
        return byte == '"'    ? AFTER_SIZE
               : byte == '\\' ? AFTER_BACKSLASH
                              : place;
    case AFTER_BACKSLASH:
        return IN_QUOTES;
    case NOWHERE:
        break;
    }
    return NOWHERE;
}

static void take_size_byte(struct chunked_decoder *decoder, char byte)
{
    int digit = hexadecimal_value(byte);
    if (digit >= 0 && decoder->digits == decoder->line_length) {
        decoder->left = decoder->left * 16 + (uint64_t)digit;
        decoder->digits++;
    } else {
        decoder->place = CHUNKED_EXTENSION;
        decoder->extension = extension_after(decoder->extension, byte);
    }
}

// field-line = field-name ":" OWS field-value OWS, field-name = 1*tchar
static void take_trailer_byte(struct chunked_decoder *decoder, char byte)
{
    if (decoder->is_named)
        return;
    if (byte == ':' && decoder->line_length > 0)
        decoder->is_named = true;
    else if (!is_tchar(byte))
        decoder->is_wrong = true;
}

// A byte of a line's text, which is what RFC 9110, 5.5, lets a field hold.
static void take_text(struct chunked_decoder *decoder, char byte)
{
    bool is_control = ((unsigned char)byte < ' ' && byte != '\t') ||
                      (unsigned char)byte == 0x7f;
    size_t line_max = overhead_left(decoder);
    if (decoder->place != CHUNKED_TRAILER)
        line_max += 16; // for the digits
    if (decoder->place == CHUNKED_SIZE || decoder->place == CHUNKED_EXTENSION)
        take_size_byte(decoder, byte);
    else if (decoder->place == CHUNKED_TRAILER)
        take_trailer_byte(decoder, byte);
    reject_unless(decoder, !is_control && decoder->line_length < line_max &&
                               decoder->place != CHUNKED_END);
    decoder->line_length++;
}

static void take_line_byte(struct chunked_decoder *decoder, char byte)
{
    bool ends = decoder->has_cr && byte == '\n';
    reject_unless(decoder, !decoder->has_cr || ends);
    decoder->has_cr = byte == '\r';
    if (decoder->place == CHUNKED_REJECTED)
        return;
    if (ends)
        end_line(decoder);
    else if (!decoder->has_cr)
        take_text(decoder, byte);
}

static void take_data_byte(struct chunked_decoder *decoder, char byte)
{
    buffer_add(&decoder->body, (struct slice){&byte, 1});
    if (--decoder->left == 0)
        decoder->place = CHUNKED_END;
}

void chunked_decode(struct chunked_decoder *decoder, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        if (decoder->place == CHUNKED_DONE ||
            decoder->place == CHUNKED_REJECTED)
            return;
        decoder->taken++;
        if (decoder->place == CHUNKED_DATA)
            take_data_byte(decoder, bytes.bytes[i]);
        else
            take_line_byte(decoder, bytes.bytes[i]);
    }
}
