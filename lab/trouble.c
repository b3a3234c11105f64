#include "lab/trouble.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char noted[120];

void trouble_note(const char *format, ...)
{
    va_list arguments;
    if (noted[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(noted, sizeof noted, format, arguments);
    va_end(arguments);
}

// What a person may raise.
static const char *limit_of(int error)
{
    switch (error) {
    case EAGAIN:
        return ": ulimit -u, ulimit -v";
    case EMFILE:
        return ": ulimit -n";
    case ENOMEM:
        return ": ulimit -v";
    default:
        return "";
    }
}

void trouble_note_errno(const char *call)
{
    trouble_note("the lab's own %s: %s%s", call, strerror(errno),
                 limit_of(errno));
}

const char *trouble(void)
{
    return noted[0] != '\0' ? noted : NULL;
}

void trouble_clear(void)
{
    noted[0] = '\0';
}
