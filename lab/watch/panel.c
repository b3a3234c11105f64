#include "lab/watch/panel_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PLACES = 5, ARROW = 3, TEXT = 160, NUMBER = 32 };

enum place_kind {
    PLACE_NONE,    // the server has no such place
    PLACE_UNKNOWN, // it may have one
    PLACE_CROWD,   // `count` wait there
    PLACE_BAR,     // `count` of `size`
};

struct place {
    const char *label;
    enum place_kind kind;
    double count, size;
};

static const struct signs {
    const char *top_left, *top_right, *bottom_left, *bottom_right;
    const char *horizontal, *vertical, *full, *empty;
} ascii = {"+", "+", "+", "+", "-", "|", "#", "."},
  boxes = {"\u250c", "\u2510", "\u2514", "\u2518",
           "\u2500", "\u2502", "\u2588", "\u2591"};

static struct place place_of(const char *label, double count)
{
    return (struct place){label, count < 0 ? PLACE_NONE : PLACE_CROWD, count,
                          0};
}

static struct place part_of(const char *label, double count, double size)
{
    return (struct place){label, size <= 0 ? PLACE_NONE : PLACE_BAR,
                          count > 0 ? count : 0, size};
}

// Without metrics, only a server that is known by name has no such place.
static struct place inside(const struct target *target, struct place place)
{
    bool is_ours = target->is_one_by_one || target->has_poll_set;
    if (target->metrics != METRICS_THERE)
        place.kind = is_ours ? PLACE_NONE : PLACE_UNKNOWN;
    return place;
}

static struct place connections_of(const struct target *target)
{
    struct place place = place_of("poll set", target_connections(target));
    if (target->is_one_by_one)
        place.label = "reads from";
    else if (target->metrics != METRICS_THERE && !target->has_poll_set)
        place.label = "accepted";
    if (place.kind == PLACE_NONE)
        place.kind = PLACE_UNKNOWN;
    return place;
}

static void find_places(const struct target *target,
                        struct place places[PLACES])
{
    static const struct sample none;
    const struct sample *sample = history_newest(&target->history);
    if (sample == NULL)
        sample = &none;
    places[0] = place_of("backlog", target->sockets.backlog);
    if (!target->sockets.is_known)
        places[0].kind = PLACE_UNKNOWN;
    places[1] = connections_of(target);
    places[2] = inside(target, place_of("mutex", sample->mutex_waiting));
    places[3] = inside(target, part_of("channel", sample->channel_jobs,
                                       sample->channel_capacity));
    places[4] =
        inside(target, part_of("workers", sample->busy, sample->workers));
    for (int i = 0; i < PLACES && !target_is_there(target); i++)
        places[i].kind = PLACE_NONE;
}

static bool is_full(const struct place *place)
{
    return place->kind == PLACE_BAR && place->count >= place->size;
}

static const char *number(double count, bool is_rounded, char text[NUMBER])
{
    if (is_rounded && count >= 1e6)
        snprintf(text, NUMBER, "%.0fM", count / 1e6);
    else if (is_rounded && count >= 1e4)
        snprintf(text, NUMBER, "%.0fk", count / 1e3);
    else
        snprintf(text, NUMBER, "%.0f", count);
    return text;
}

// "7", "100 of 100"; "100/100" or "12k" where there is no room.
static void name_count(const struct place *place, int room, char text[TEXT])
{
    char count[NUMBER];
    char size[NUMBER];
    for (int i = 0; i < 3; i++) {
        number(place->count, i == 2, count);
        number(place->size, i == 2, size);
        int length = place->kind == PLACE_CROWD
                         ? snprintf(text, TEXT, "%s", count)
                         : snprintf(text, TEXT, "%s%s%s", count,
                                    i == 0 ? " of " : "/", size);
        if (length <= room)
            break;
    }
    if (place->kind == PLACE_NONE || place->kind == PLACE_UNKNOWN)
        snprintf(text, TEXT, place->kind == PLACE_NONE ? "." : "?");
}

// How many cells of a bar are filled: all only if all is taken, and one as soon
// as something is.
static int filled_of(const struct place *place, int room)
{
    if (place->count >= place->size)
        return room;
    int filled = (int)ceil(place->count / place->size * room);
    return filled < room ? filled : room - 1;
}

struct box {
    const struct panel *panel;
    const struct signs *signs;
    int row, column, width;
};

static void paint_frame(const struct box *box)
{
    struct canvas *canvas = box->panel->canvas;
    const struct signs *signs = box->signs;
    int right = box->column + box->width - 1;
    for (int i = 0; i < 4; i++) {
        bool is_edge = i == 0 || i == 3;
        const char *left_sign = i == 0   ? signs->top_left
                                : i == 3 ? signs->bottom_left
                                         : signs->vertical;
        const char *right_sign = i == 0   ? signs->top_right
                                 : i == 3 ? signs->bottom_right
                                          : signs->vertical;
        canvas_sign(canvas, box->row + i, box->column, CANVAS_PLAIN, left_sign,
                    1);
        if (is_edge)
            canvas_sign(canvas, box->row + i, box->column + 1, CANVAS_PLAIN,
                        signs->horizontal, box->width - 2);
        canvas_sign(canvas, box->row + i, right, CANVAS_PLAIN, right_sign, 1);
    }
}

// A sign for each that waits, and '+' if there are more; or a bar. A bar has a
// cell for each worker if there is room.
static void paint_crowd(const struct box *box, const struct place *place)
{
    struct canvas *canvas = box->panel->canvas;
    enum canvas_style style = is_full(place) ? CANVAS_RED : CANVAS_PLAIN;
    int row = box->row + 2;
    int column = box->column + 2;
    int room = box->width - 4;
    if (place->kind == PLACE_BAR) {
        if (place->size < room)
            room = (int)place->size;
        int filled = filled_of(place, room);
        canvas_sign(canvas, row, column, style, box->signs->full, filled);
        canvas_sign(canvas, row, column + filled, style, box->signs->empty,
                    room - filled);
        return;
    }
    bool is_more = place->count > room;
    canvas_sign(canvas, row, column, style, "o",
                is_more ? room : (int)place->count);
    if (is_more)
        canvas_text(canvas, row, column + room - 1, style, "+");
}

static int middle(int column, int width, const char *text)
{
    int space = width - (int)strlen(text);
    return column + (space > 0 ? space / 2 : 0);
}

static void paint_box(const struct box *box, const struct place *place)
{
    bool has_box = place->kind == PLACE_CROWD || place->kind == PLACE_BAR;
    char text[TEXT];
    name_count(place, box->width - 4, text);
    if (has_box) {
        paint_frame(box);
        paint_crowd(box, place);
    }
    canvas_text(box->panel->canvas, box->row + 1,
                middle(box->column, box->width, text),
                has_box ? CANVAS_BOLD : CANVAS_PLAIN, text);
}

// The boxes share the width, in percent; the last one gets the rest.
static void find_boxes(const struct panel *panel, struct box found[PLACES])
{
    static const int percent[PLACES] = {17, 17, 17, 27, 22};
    int width = panel->width - (PLACES - 1) * ARROW;
    int column = panel->column;
    for (int i = 0; i < PLACES; i++) {
        found[i] = (struct box){.panel = panel,
                                .signs = panel->has_boxes ? &boxes : &ascii,
                                .row = panel->row + 2,
                                .column = column,
                                .width = width * percent[i] / 100};
        if (i == PLACES - 1)
            found[i].width = panel->column + panel->width - column;
        column += found[i].width + ARROW;
    }
}

static bool is_shown(const struct place *place)
{
    return place->kind != PLACE_NONE;
}

// From a box to the next one that is there; a place that the server does not
// have is passed by.
static void paint_arrows(const struct box found[PLACES],
                         const struct place places[PLACES])
{
    int from = 0;
    for (int to = 1; to < PLACES; to++) {
        if (!is_shown(&places[to]) || !is_shown(&places[from]))
            continue;
        int start = found[from].column + found[from].width;
        int row = found[from].row + 1;
        struct canvas *canvas = found[from].panel->canvas;
        canvas_sign(canvas, row, start, CANVAS_PLAIN,
                    found[from].signs->horizontal,
                    found[to].column - start - 1);
        canvas_text(canvas, row, found[to].column - 1, CANVAS_PLAIN, ">");
        from = to;
    }
}

static void paint_places(const struct panel *panel,
                         const struct place places[PLACES])
{
    struct box found[PLACES];
    find_boxes(panel, found);
    for (int i = 0; i < PLACES; i++) {
        canvas_text(panel->canvas, panel->row + 1,
                    middle(found[i].column, found[i].width, places[i].label),
                    CANVAS_PLAIN, places[i].label);
        paint_box(&found[i], &places[i]);
    }
    paint_arrows(found, places);
}

void panel_paint(const struct panel *panel, const struct target *target,
                 int64_t now)
{
    struct place places[PLACES];
    struct rates rates = history_rates(&target->history);
    find_places(target, places);
    panel_title(panel, target, now);
    paint_places(panel, places);
    if (target->metrics == METRICS_THERE) {
        panel_rates(panel, panel->row + 6, &rates);
        panel_p99(panel, panel->row + 7, &rates);
    }
}

enum { BRIEF = 7 }; // columns of a number there, if it can be shortened

// "backlog 0 > poll set 3 > channel 40/100 > workers 1/1"
void panel_paint_brief(const struct panel *panel, const struct target *target,
                       int64_t now)
{
    struct place places[PLACES];
    struct rates rates = history_rates(&target->history);
    int column = panel->column;
    find_places(target, places);
    panel_title(panel, target, now);
    for (int i = 0; i < PLACES; i++) {
        char found[TEXT];
        char text[2 * TEXT];
        if (!is_shown(&places[i]))
            continue;
        name_count(&places[i], BRIEF, found);
        int length = snprintf(text, sizeof text, "%s%s %s",
                              column > panel->column ? " > " : "",
                              places[i].label, found);
        canvas_text(panel->canvas, panel->row + 1, column,
                    is_full(&places[i]) ? CANVAS_RED : CANVAS_PLAIN, text);
        column += length;
    }
    if (target->metrics == METRICS_THERE)
        panel_rates(panel, panel->row + 2, &rates);
}
