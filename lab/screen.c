#include "lab/screen.h"
#include "lib/base/clock.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENT_MS = 2000, BAR = 30, COLUMNS = 80 };

static int64_t started; // in milliseconds: the first call
static bool is_shown;

// A variable that is empty counts as not set (no-color.org).
static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

bool screen_takes_escapes(int descriptor)
{
    const char *terminal = getenv("TERM");
    return isatty(descriptor) &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static const char *colour(const char *sequence)
{
    bool is_wanted = screen_takes_escapes(STDOUT_FILENO) && !is_set("NO_COLOR");
    return is_wanted ? sequence : "";
}

const char *screen_bold(void)
{
    return colour("\033[1m");
}

const char *screen_red(void)
{
    return colour("\033[1;31m");
}

const char *screen_plain(void)
{
    return colour("\033[0m");
}

// Only LC_CTYPE: numbers are printed with a point in each locale.
bool screen_has_boxes(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void screen_wrapped(int column, int indent, const char *text)
{
    bool is_first = true;
    while (*text != '\0') {
        int length = (int)strcspn(text, " \n");
        if (!is_first && column + 1 + length > COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
            is_first = true;
        }
        if (length > 0)
            column += printf("%s%.*s", is_first ? "" : " ", length, text);
        is_first = is_first && length == 0;
        text += length;
        text += *text != '\0' ? 1 : 0;
    }
    printf("\n");
}

// What reads from the pipe, head for one, prints in between.
static bool is_pipe(int descriptor)
{
    struct stat found;
    return fstat(descriptor, &found) == 0 && S_ISFIFO(found.st_mode);
}

void screen_progress(const char *what, int done, int total)
{
    if (started == 0)
        started = clock_milliseconds();
    bool is_long = clock_milliseconds() - started >= PATIENT_MS;
    if (!screen_takes_escapes(STDERR_FILENO) || is_pipe(STDOUT_FILENO) ||
        !is_long)
        return;
    is_shown = true;
    int64_t filled = total > 0 ? (int64_t)BAR * done / total : 0;
    fprintf(stderr, "\r\033[K[");
    for (int i = 0; i < BAR; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %s", what);
}

void screen_progress_end(void)
{
    if (is_shown)
        fprintf(stderr, "\r\033[K");
    is_shown = false;
}
