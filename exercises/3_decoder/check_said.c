// check_said.c - bytes, as people and printf(1) read them

#include "exercises/3_decoder/decoder_check.h"
#include "lib/base/buffer.h"

#include <stdio.h>

const char *for_printf(struct slice bytes)
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

const char *for_people(const char *bytes, size_t length)
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

void say_where(const char *text)
{
    printf("read: %s\n", text);
}
