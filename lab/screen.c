#include "lab/screen.h"
#include "lib/base/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATIENT_MS = 2000, BAR = 30 };

static int64_t started; // in milliseconds: the first call
static bool is_shown;

static const char *colour(const char *sequence)
{
    bool is_wanted = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
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

void screen_progress(const char *what, int done, int total)
{
    if (started == 0)
        started = clock_milliseconds();
    bool is_long = clock_milliseconds() - started >= PATIENT_MS;
    if (!isatty(STDERR_FILENO) || !is_long)
        return;
    is_shown = true;
    int filled = total > 0 ? BAR * done / total : 0;
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
