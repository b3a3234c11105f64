#ifndef THAW_LAB_SCREEN_H
#define THAW_LAB_SCREEN_H

// screen.h - colours and progress, for a person at a terminal
//
// Files, pipes and a dumb terminal (TERM=dumb) get neither. NO_COLOR, if it is
// not empty, turns the colours off (no-color.org).

#include <stdbool.h>

// Escape sequences for standard output; empty strings without colours.
const char *screen_bold(void);
const char *screen_red(void);
const char *screen_plain(void);

// Whether this descriptor is a terminal that takes escape sequences.
bool screen_takes_escapes(int descriptor);

// Whether the locale has the characters of which boxes and bars are drawn.
// Otherwise draw them in ASCII.
bool screen_has_boxes(void);

// Prints text from this column on, in lines of at most 80 columns. The lines
// after the first begin after `indent` blanks. A word is never broken.
void screen_wrapped(int column, int indent, const char *text);

// Shows progress on standard error, "[######......] burst", once two seconds
// have passed since the first call.
void screen_progress(const char *what, int done, int total);

// Erases the progress.
void screen_progress_end(void);

#endif
