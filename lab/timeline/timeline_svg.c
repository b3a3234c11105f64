#include "lab/timeline/timeline.h"
#include "lab/servers/stage.h"

#include <stdio.h>

// In pixels.
enum {
    LABEL = 84,  // left of a panel's lanes
    PANEL = 380, // a panel's lanes
    GAP = 56,    // right of them
    TOP = 58,    // the title
    LANE = 22,   // one lane
    HALF = LANE / 2,
    CHANNEL = 70, // the curve of its length
    BOTTOM = 78   // the axis and the legend
};

// Distinct for colour-blind people, too (Okabe and Ito, "Color Universal
// Design").
#define COLOUR_TEXT "#222222"
#define COLOUR_WAIT "#8a9ba8"
#define COLOUR_GOOD "#009e73"
#define COLOUR_BAD "#d55e00"
#define COLOUR_WORK "#e69f00"
#define COLOUR_QUEUE "#56b4e9"

struct panel {
    FILE *file;
    const struct timeline *timeline;
    double end;  // time at the right edge
    int highest; // number of jobs, at the top of the channel's curve
    int left, y; // of the lanes; y moves down
};

static double place(const struct panel *panel, double at)
{
    double end = panel->end > 0 ? panel->end : 1;
    return panel->left + (at < 0 ? 0 : at) / end * PANEL;
}

static void text(const struct panel *panel, double x, double y,
                 const char *anchor, int size, const char *words)
{
    fprintf(panel->file,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" "
            "font-size=\"%d\">%s</text>\n",
            x, y, anchor, size, words);
}

static void bar(const struct panel *panel, double from, double to, int y,
                int height, const char *colour)
{
    double width = place(panel, to) - place(panel, from);
    fprintf(panel->file,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
            "fill=\"%s\"/>\n",
            place(panel, from), y, width < 1 ? 1 : width, height, colour);
}

// A client that sends nothing, and waits for nothing.
static void dashes(FILE *file, double x, double y, double width)
{
    fprintf(file,
            "<path d=\"M%.1f %.1f h%.1f\" stroke=\"%s\" stroke-width=\"3\" "
            "stroke-dasharray=\"2 5\"/>\n",
            x, y, width, COLOUR_WAIT);
}

static void draw_response(const struct panel *panel,
                          const struct timeline_client *client)
{
    char status[16];
    bool is_good = client->status < 400;
    double x = place(panel, client->responded);
    int y = panel->y + HALF;
    if (is_good)
        fprintf(panel->file,
                "<circle cx=\"%.1f\" cy=\"%d\" r=\"6\" fill=\"%s\"/>\n", x, y,
                COLOUR_GOOD);
    else
        fprintf(panel->file,
                "<path d=\"M%.1f %d l10 10 m0 -10 l-10 10\" stroke=\"%s\" "
                "stroke-width=\"3.5\"/>\n",
                x - 5, y - 5, COLOUR_BAD);
    snprintf(status, sizeof status, "%d", client->status);
    text(panel, x + 10, y + 5, "start", 13, status);
}

static void draw_client(struct panel *panel,
                        const struct timeline_client *client)
{
    int y = panel->y + HALF;
    double until = client->responded >= 0 ? client->responded : client->left;
    if (until <= 0)
        until = panel->end;
    text(panel, panel->left - 11, y + 5, "end", 14, client->name);
    if (client->left > 0)
        dashes(panel->file, place(panel, client->sent), y,
               place(panel, until) - place(panel, client->sent));
    else
        bar(panel, client->sent, until, y - 2, 4, COLOUR_WAIT);
    if (client->responded >= 0)
        draw_response(panel, client);
    else
        text(panel, place(panel, until) + 6, y + 5, "start", 13,
             client->left > 0 ? "left" : "no response");
    panel->y += LANE;
}

static void draw_work(struct panel *panel, int lane)
{
    char label[24];
    snprintf(label, sizeof label, "work %d", lane + 1);
    text(panel, panel->left - 11, panel->y + HALF + 5, "end", 14, label);
    for (int i = 0; i < panel->timeline->span_count; i++) {
        const struct timeline_span *span = &panel->timeline->spans[i];
        // A white gap separates one piece of work from the next.
        if (span->lane == lane)
            bar(panel, span->start, span->end - panel->end * 0.004,
                panel->y + 3, LANE - 6, COLOUR_WORK);
    }
    panel->y += LANE;
}

static int highest(const struct timeline *timeline)
{
    int found = 1;
    for (int i = 0; i < timeline->count_count; i++)
        if (timeline->counts[i].count > found)
            found = timeline->counts[i].count;
    return found;
}

static void draw_channel(struct panel *panel)
{
    const struct timeline *timeline = panel->timeline;
    int max = panel->highest;
    char label[32];
    snprintf(label, sizeof label, "%d", max);
    text(panel, panel->left - 11, panel->y + CHANNEL - 4, "end", 14, "channel");
    text(panel, panel->left - 11, panel->y + 18, "end", 13, label);
    for (int i = 0; i < timeline->count_count; i++) {
        double until = i + 1 < timeline->count_count
                           ? timeline->counts[i + 1].at
                           : timeline->end;
        int height = timeline->counts[i].count * (CHANNEL - 10) / max;
        if (height > 0)
            bar(panel, timeline->counts[i].at, until,
                panel->y + CHANNEL - height, height, COLOUR_QUEUE);
    }
    panel->y += CHANNEL;
}

static void draw_axis(const struct panel *panel, int y)
{
    fprintf(panel->file,
            "<path d=\"M%d %d h%d\" stroke=\"%s\" stroke-width=\"1\"/>\n",
            panel->left, y, PANEL, COLOUR_TEXT);
    for (int i = 0; i * timeline_step(panel->end) <= panel->end; i++) {
        double at = i * timeline_step(panel->end);
        char words[24];
        snprintf(words, sizeof words, "%.3g s", at);
        fprintf(panel->file, "<path d=\"M%.1f %d v5\" stroke=\"%s\"/>\n",
                place(panel, at), y, COLOUR_TEXT);
        text(panel, place(panel, at), y + 20, "middle", 13, words);
    }
}

static int lanes_height(const struct timeline *timeline)
{
    int lanes = timeline->client_count + timeline->lane_count;
    return lanes * LANE + (timeline->count_count > 0 ? CHANNEL : 0) + 10;
}

static void draw_panel(struct panel *panel, int bottom)
{
    char title[96];
    snprintf(title, sizeof title, "%s", stage_name(panel->timeline->stage));
    text(panel, panel->left, TOP - 24, "start", 20, title);
    panel->y = TOP;
    for (int i = 0; i < panel->timeline->client_count; i++)
        draw_client(panel, &panel->timeline->clients[i]);
    for (int lane = 0; lane < panel->timeline->lane_count; lane++)
        draw_work(panel, lane);
    if (panel->timeline->count_count > 0)
        draw_channel(panel);
    draw_axis(panel, bottom);
}

static void draw_legend(struct panel *panel, int y,
                        const struct timeline_signs *signs)
{
    const struct {
        bool is_used;
        const char *words;
        const char *colour;
        int width;
    } entries[] = {{signs->silent, "silent", NULL, 60},
                   {signs->waits, "waits", COLOUR_WAIT, 54},
                   {signs->response, "response", COLOUR_GOOD, 76},
                   {signs->rejected, "rejected", COLOUR_BAD, 70},
                   {signs->work, "work", COLOUR_WORK, 50},
                   {signs->channel, "jobs waiting", COLOUR_QUEUE, 0}};
    int x = 16;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (!entries[i].is_used)
            continue;
        if (entries[i].colour == NULL)
            dashes(panel->file, x, y - 5, 13);
        else
            fprintf(panel->file,
                    "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" "
                    "fill=\"%s\"/>\n",
                    x, y - 11, entries[i].colour);
        text(panel, x + 18, y, "start", 13, entries[i].words);
        x += 18 + entries[i].width;
    }
}

int timeline_draw(const struct timeline *timelines, int count, const char *path)
{
    FILE *file = fopen(path, "w");
    double end = 0;
    int height = 0;
    int jobs = 1;
    if (file == NULL)
        return -1;
    for (int i = 0; i < count; i++) {
        if (timelines[i].end > end)
            end = timelines[i].end;
        if (lanes_height(&timelines[i]) > height)
            height = lanes_height(&timelines[i]);
        if (highest(&timelines[i]) > jobs)
            jobs = highest(&timelines[i]);
    }
    struct timeline_signs signs = timeline_signs(timelines, count);
    int width = count * (LABEL + PANEL + GAP);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"Helvetica, "
            "Arial, sans-serif\" fill=\"%s\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            width, TOP + height + BOTTOM, width, TOP + height + BOTTOM,
            COLOUR_TEXT);
    for (int i = 0; i < count; i++) {
        struct panel panel = {.file = file,
                              .timeline = &timelines[i],
                              .end = end,
                              .highest = jobs,
                              .left = i * (LABEL + PANEL + GAP) + LABEL};
        draw_panel(&panel, TOP + height);
        if (i == 0)
            draw_legend(&panel, TOP + height + BOTTOM - 18, &signs);
    }
    fprintf(file, "</svg>\n");
    bool has_failed = ferror(file) != 0;
    return fclose(file) == 0 && !has_failed ? 0 : -1;
}
