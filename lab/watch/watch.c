#include "lab/watch/watch.h"
#include "lab/screen.h"
#include "lab/trouble.h"
#include "lab/watch/panel.h"
#include "lab/watch/terminal.h"
#include "lib/base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FRAME_MS = 100,
    RESPONSE_MS = 50, // of a frame: what comes later is for the next one
    ONCE_MS = 1000,
    PART = 100,  // 1 % of the time at most, for what takes long to read
    BESIDE = 66, // columns of a panel, if there is one beside it
    FILE_COLUMNS = 80
};

static struct target servers[WATCH_SERVERS];
static struct client clients[WATCH_SERVERS];
static struct port_sockets sockets[WATCH_SERVERS];
static struct canvas canvas;
static int count;

static void begin(const int *ports, int port_count)
{
    count = port_count;
    for (int i = 0; i < count; i++) {
        target_init(&servers[i], ports[i], &clients[i]);
        sockets[i] = (struct port_sockets){.port = ports[i], .accepted = -1};
    }
}

static void end(void)
{
    for (int i = 0; i < count; i++)
        target_destroy(&servers[i]);
}

static bool needs_counting(void)
{
    for (int i = 0; i < count; i++)
        if (servers[i].metrics != METRICS_THERE)
            return true;
    return false;
}

static void look(int response_ms, int part)
{
    sockets_read(sockets, count, needs_counting(), part);
    int64_t now = clock_nanoseconds();
    for (int i = 0; i < count; i++) {
        target_look(&servers[i], &sockets[i], now);
        target_ask(&servers[i], now);
    }
    clients_wait(clients, count, response_ms);
    now = clock_nanoseconds();
    for (int i = 0; i < count; i++)
        target_take(&servers[i], now);
}

// Side by side if each has room; the others below.
static int beside_each_other(int columns)
{
    int fit = columns / BESIDE;
    if (fit > count)
        fit = count;
    return fit > 0 ? fit : 1;
}

static void paint_more(int hidden)
{
    char text[80];
    snprintf(text, sizeof text, "%d more: a higher terminal shows them",
             hidden);
    canvas_text(&canvas, canvas.rows - 1, 0, CANVAS_RED, text);
}

static void paint_panels(void)
{
    int64_t now = clock_nanoseconds();
    int beside = beside_each_other(canvas.columns);
    int lines = (count + beside - 1) / beside;
    bool is_brief = lines * PANEL_FULL > canvas.rows;
    int height = is_brief ? PANEL_BRIEF : PANEL_FULL;
    int gap = lines * (height + 1) - 1 <= canvas.rows ? 1 : 0;
    struct panel panel = {&canvas, 0, 0, canvas.columns / beside - (beside > 1),
                          screen_has_boxes()};
    if (panel.width > PANEL_WIDEST)
        panel.width = PANEL_WIDEST;
    for (int i = 0; i < count; i++) {
        panel.row = i / beside * (height + gap);
        panel.column = i % beside * (panel.width + 2);
        if (panel.row + height > canvas.rows) {
            paint_more(count - i);
            break;
        }
        if (is_brief)
            panel_paint_brief(&panel, &servers[i], now);
        else
            panel_paint(&panel, &servers[i], now);
    }
}

static void paint(int rows, int columns)
{
    canvas_clear(&canvas, rows, columns);
    if (columns < PANEL_NARROWEST)
        canvas_text(&canvas, 0, 0, CANVAS_PLAIN,
                    "lab watch: 60 columns needed");
    else
        paint_panels();
}

static int print_once(void)
{
    struct buffer lines = {0};
    int rows;
    int columns = FILE_COLUMNS;
    look(ONCE_MS, 0);
    poll(NULL, 0, ONCE_MS);
    look(ONCE_MS, 0);
    if (terminal_size(&rows, &columns) && columns < PANEL_NARROWEST)
        columns = PANEL_NARROWEST;
    int beside = beside_each_other(columns);
    int high = (count + beside - 1) / beside;
    paint(high * (PANEL_FULL + 1) - 1, columns);
    canvas_write_lines(&canvas, &lines);
    printf("%.*s", (int)lines.length, lines.bytes);
    buffer_destroy(&lines);
    for (int i = 0; i < count; i++)
        if (!target_is_there(&servers[i]))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

static void show(struct buffer *frame)
{
    int rows = 24;
    int columns = 80;
    if (terminal_is_stale())
        canvas.is_shown = false;
    terminal_size(&rows, &columns);
    paint(rows, columns);
    buffer_clear(frame);
    canvas_draw(&canvas, frame);
    if (frame->length > 0 && !terminal_write(buffer_slice(frame)))
        canvas.is_shown = false;
}

static int show_until_key(void)
{
    struct buffer frame = {0};
    int64_t due = clock_milliseconds();
    int key = 0;
    while (key != 'q' && key != 'Q' && key >= 0 && trouble() == NULL) {
        look(RESPONSE_MS, PART);
        show(&frame);
        due += FRAME_MS;
        int64_t left = due - clock_milliseconds();
        if (left < 0)
            due -= left; // it was stopped, or the machine is busy
        key = terminal_key(left > 0 ? (int)left : 0);
    }
    buffer_destroy(&frame);
    return key < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int lab_watch(const int *ports, int port_count, bool once)
{
    int status;
    begin(ports, port_count);
    bool is_live = !once && terminal_open();
    if (!once && !is_live)
        fprintf(stderr, "lab watch: standard output is no terminal that can "
                        "show it: one frame, as --once does\n");
    if (is_live) {
        status = show_until_key();
        terminal_close();
    } else {
        status = print_once();
    }
    end();
    if (trouble() == NULL)
        return status;
    fprintf(stderr, "lab watch: %s\n", trouble());
    return TROUBLE_EXIT;
}
