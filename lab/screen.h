#ifndef THAW_LAB_SCREEN_H
#define THAW_LAB_SCREEN_H

// screen.h - what only a person at a terminal should see
//
// Colours and progress go to a terminal, and not into files or pipes, nor
// where NO_COLOR is set (no-color.org).

#include <stdbool.h>

// Escape sequences for standard output; empty where there are no colours.
const char *screen_bold(void);
const char *screen_red(void);
const char *screen_plain(void);

// Shows on standard error what is being done, once the program has been at it
// for two seconds: "[######......] burst".
void screen_progress(const char *what, int done, int total);

// Takes it away again.
void screen_progress_end(void);

#endif
