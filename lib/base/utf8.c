#include "lib/base/utf8.h"

// How many bytes a character has that begins with this one; 0: none does.
static size_t length_after(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc0 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t utf8_decode(struct slice text, uint32_t *character)
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
    bool is_surrogate = *character >= 0xd800 && *character <= 0xdfff;
    bool is_one = *character >= smallest[length] && *character <= 0x10ffff;
    return is_one && !is_surrogate ? length : 0; // one way to write it
}

bool utf8_is_valid(struct slice text)
{
    uint32_t character;
    while (text.length > 0) {
        size_t length = utf8_decode(text, &character);
        if (length == 0)
            return false;
        text = slice_after(text, length);
    }
    return true;
}
