#include "lib/base/printable.h"

#include <stdint.h>

// What a terminal obeys, or what moves the characters beside it.
static const struct {
    uint32_t first, last;
} controls[] = {
    {0x00, 0x1f},     // C0
    {0x7f, 0x9f},     // delete, and C1: some take it for ESC and a letter
    {0x061c, 0x061c}, // a direction
    {0x200e, 0x200f}, // a direction
    {0x2028, 0x202e}, // a new line, a direction
    {0x2066, 0x206f}, // a direction
};

static bool is_control(uint32_t character)
{
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (character >= controls[i].first && character <= controls[i].last)
            return true;
    return false;
}

// How many bytes a character has that begins with this one; 0: none does.
static size_t length_after(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc0 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

// The bytes of the first character, or 0 if they are not UTF-8 (RFC 3629).
static size_t decode(struct slice text, uint32_t *character)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text.bytes[0];
    size_t length = length_after(lead);
    if (length > text.length)
        return 0;
    *character = length <= 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        if ((byte & 0xc0) != 0x80)
            return 0;
        *character = *character << 6 | (byte & 0x3fu);
    }
    return *character >= smallest[length] ? length : 0; // one way to write it
}

size_t printable(char *out, size_t size, struct slice text)
{
    size_t length = 0;
    size_t end = 0; // of what still leaves room for the dots
    while (text.length > 0) {
        uint32_t character;
        size_t count = decode(text, &character);
        bool shown = count > 0 && !is_control(character);
        if (count == 0)
            count = 1;
        if (length + count >= size) {
            memcpy(out + end, "...", 3);
            length = end + 3;
            break;
        }
        if (shown)
            memcpy(out + length, text.bytes, count);
        else
            memset(out + length, '?', count);
        length += count;
        if (length + 3 < size)
            end = length;
        text = slice_after(text, count);
    }
    out[length] = '\0';
    return length;
}
