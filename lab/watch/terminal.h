#ifndef THAW_LAB_WATCH_TERMINAL_H
#define THAW_LAB_WATCH_TERMINAL_H

// terminal.h - a screen of its own, and the terminal as it was in the end
//
//     terminal_open    the alternate screen, no cursor, keys without Enter
//     terminal_close   the screen, the cursor and the settings from before
//
// A signal that ends or stops the program closes the terminal first; when the
// program goes on, the terminal is opened again. Only SIGKILL and SIGSTOP leave
// it as it is: stty sane.

#include "lib/base/slice.h"

#include <stdbool.h>

// For standard output. False: it is no terminal, or one that takes no escape
// sequences (TERM=dumb).
bool terminal_open(void);
void terminal_close(void);

// False: it is no terminal, or it does not tell.
bool terminal_size(int *rows, int *columns);

// Whether its screen must be drawn again: it was opened again, or has another
// size. True once for each such event.
bool terminal_is_stale(void);

// Writes a frame. False: the terminal takes no bytes now, or it is gone.
bool terminal_write(struct slice frame);

// Waits for a key. Returns it; 0: none came in time; -1: the terminal is gone.
int terminal_key(int milliseconds);

#endif
