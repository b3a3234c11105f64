#include "lab/trouble.h"
#include "lib/base/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char noted[PRINTABLE_LINE];

void trouble_note(const char *format, ...)
{
    char text[sizeof noted];
    va_list arguments;
    if (noted[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printable_text(noted, sizeof noted, text);
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

int trouble_with_file(const char *path)
{
    char shown[PRINTABLE_LINE];
    int error = errno;
    fprintf(stderr, "lab: cannot write %s: %s\n",
            printable_text(shown, sizeof shown, path), strerror(error));
    return TROUBLE_EXIT;
}

const char *trouble(void)
{
    return noted[0] != '\0' ? noted : NULL;
}

void trouble_clear(void)
{
    noted[0] = '\0';
}
