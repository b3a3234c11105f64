#include "lib/base/printable.h"
#include "lib/base/utf8.h"

// What a terminal obeys, what moves the characters beside it, and what is not
// seen at all: controls (the categories Cc, Zl, Zp), Cf and
// Default_Ignorable_Code_Point in Unicode 15.0.0 (UnicodeData.txt and
// DerivedCoreProperties.txt), and U+2800, which looks like a space.
static const struct {
    uint32_t first, last;
} controls[] = {
    // clang-format off
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x034f, 0x034f},
    {0x0600, 0x0605}, {0x061c, 0x061c}, {0x06dd, 0x06dd}, {0x070f, 0x070f},
    {0x0890, 0x0891}, {0x08e2, 0x08e2}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
    {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
    {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    // clang-format on
};

static bool is_control(uint32_t character)
{
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (character >= controls[i].first && character <= controls[i].last)
            return true;
    return false;
}

size_t printable(char *out, size_t size, struct slice text)
{
    size_t length = 0;
    size_t end = 0; // of what still leaves room for the dots
    while (text.length > 0) {
        uint32_t character;
        size_t count = utf8_decode(text, &character);
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

const char *printable_text(char *out, size_t size, const char *text)
{
    printable(out, size, slice_of(text));
    return out;
}

void printable_lines(FILE *file, const char *indent, const char *text)
{
    char line[PRINTABLE_LINE];
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        printable(line, sizeof line, (struct slice){text, length});
        fprintf(file, "%s%s\n", indent, line);
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
}
