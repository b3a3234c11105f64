#include "lab/watch/canvas.h"
#include "lab/screen.h"

#include <string.h>

static void set_cell(struct canvas *canvas, int row, int column,
                     enum canvas_style style, const char *sign)
{
    if (row < 0 || row >= canvas->rows || column < 0 ||
        column >= canvas->columns)
        return;
    struct canvas_cell *cell = &canvas->cells[row][column];
    *cell = (struct canvas_cell){.style = (unsigned char)style};
    for (size_t i = 0; i + 1 < sizeof cell->sign && sign[i] != '\0'; i++)
        cell->sign[i] = sign[i];
}

void canvas_clear(struct canvas *canvas, int rows, int columns)
{
    rows = rows < CANVAS_ROWS ? rows : CANVAS_ROWS;
    columns = columns < CANVAS_COLUMNS ? columns : CANVAS_COLUMNS;
    if (rows != canvas->rows || columns != canvas->columns)
        canvas->is_shown = false;
    canvas->rows = rows;
    canvas->columns = columns;
    for (int row = 0; row < rows; row++)
        canvas_sign(canvas, row, 0, CANVAS_PLAIN, " ", columns);
}

void canvas_text(struct canvas *canvas, int row, int column,
                 enum canvas_style style, const char *text)
{
    for (; *text != '\0'; text++) {
        char sign[2] = "?";
        if (*text >= ' ' && *text <= '~')
            sign[0] = *text;
        set_cell(canvas, row, column++, style, sign);
    }
}

void canvas_sign(struct canvas *canvas, int row, int column,
                 enum canvas_style style, const char *sign, int count)
{
    for (int i = 0; i < count; i++)
        set_cell(canvas, row, column + i, style, sign);
}

static const char *start_of(int style)
{
    if (style == CANVAS_BOLD)
        return screen_bold();
    return style == CANVAS_RED ? screen_red() : "";
}

static bool is_same(const struct canvas_cell *one,
                    const struct canvas_cell *two)
{
    return memcmp(one, two, sizeof *one) == 0;
}

// Each row begins and ends in the plain style.
static void draw_row(struct canvas *canvas, int row, struct buffer *out)
{
    int style = CANVAS_PLAIN;
    int next = -1; // where the cursor is
    for (int column = 0; column < canvas->columns; column++) {
        const struct canvas_cell *cell = &canvas->cells[row][column];
        if (canvas->is_shown && is_same(cell, &canvas->shown[row][column]))
            continue;
        if (column != next)
            buffer_add_format(out, "\033[%d;%dH", row + 1, column + 1);
        if (cell->style != style) {
            buffer_add_text(out, screen_plain());
            buffer_add_text(out, start_of(cell->style));
            style = cell->style;
        }
        buffer_add_text(out, cell->sign);
        canvas->shown[row][column] = *cell;
        next = column + 1;
    }
    if (style != CANVAS_PLAIN)
        buffer_add_text(out, screen_plain());
}

void canvas_draw(struct canvas *canvas, struct buffer *out)
{
    if (!canvas->is_shown)
        buffer_add_text(out, "\033[2J");
    for (int row = 0; row < canvas->rows; row++)
        draw_row(canvas, row, out);
    canvas->is_shown = true;
}

void canvas_write_lines(const struct canvas *canvas, struct buffer *out)
{
    for (int row = 0; row < canvas->rows; row++) {
        int length = canvas->columns;
        while (length > 0 && canvas->cells[row][length - 1].sign[0] == ' ')
            length--;
        for (int column = 0; column < length; column++)
            buffer_add_text(out, canvas->cells[row][column].sign);
        buffer_add_text(out, "\n");
    }
}
