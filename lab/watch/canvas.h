#ifndef THAW_LAB_WATCH_CANVAS_H
#define THAW_LAB_WATCH_CANVAS_H

// canvas.h - a screen that is drawn in memory first
//
//     cleared, painted  --differs from what is shown-->  bytes for a terminal
//                       --all of it-->                   lines for a file
//
// A cell has one character, one column wide. What lies outside is not painted,
// so nothing can wrap.

#include "lib/base/buffer.h"

#include <stdbool.h>

enum {
    CANVAS_ROWS = 120,
    CANVAS_COLUMNS = 320
}; // of a larger terminal, so many

enum canvas_style { CANVAS_PLAIN, CANVAS_BOLD, CANVAS_RED };

// At most three bytes of UTF-8, and a NUL.
struct canvas_cell {
    char sign[4];
    unsigned char style;
};

struct canvas {
    int rows, columns;
    bool is_shown; // the terminal shows `shown`; otherwise all is drawn again
    struct canvas_cell cells[CANVAS_ROWS][CANVAS_COLUMNS];
    struct canvas_cell shown[CANVAS_ROWS][CANVAS_COLUMNS];
};

// Makes it blank, in this size.
void canvas_clear(struct canvas *canvas, int rows, int columns);

// Paints ASCII; another byte, or one that a terminal obeys, becomes '?'.
// canvas_sign paints one sign `count` times.
void canvas_text(struct canvas *canvas, int row, int column,
                 enum canvas_style style, const char *text);
void canvas_sign(struct canvas *canvas, int row, int column,
                 enum canvas_style style, const char *sign, int count);

// Appends what makes the terminal show the canvas: only what changed.
void canvas_draw(struct canvas *canvas, struct buffer *out);

// Appends it as lines, without any control byte, and without blanks at their
// end.
void canvas_write_lines(const struct canvas *canvas, struct buffer *out);

#endif
