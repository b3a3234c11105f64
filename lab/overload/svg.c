// Two charts below each other: how long until an event is done, and how many
// are rejected, over the load.

#include "lab/overload/overload.h"
#include "lab/timeline/timeline.h"

#include <math.h>
#include <stdio.h>

// In pixels.
enum {
    WIDTH = 860,
    LEFT = 92,
    RIGHT = 200, // the names of the lines
    TOP = 66,    // the title
    TIMES = 280, // the upper chart
    GAP = 64,
    REJECTED = 110, // the lower one
    BOTTOM = 96,    // the axis and the legend
    HEIGHT = TOP + TIMES + GAP + REJECTED + BOTTOM,
    LABEL = 19 // names of lines that end close together move apart
};

// Distinct for colour-blind people, too (Okabe and Ito, "Color Universal
// Design").
#define COLOUR_TEXT "#222222"
#define COLOUR_GRID "#d8dee3"
static const char *const colours[] = {"#d55e00", "#0072b2", "#009e73"};

typedef double value_of(const struct overload_row *row);

// A chart: values from 0 to `high`, at loads from 0 to `loads`.
struct chart {
    FILE *file;
    const struct overload_result *results;
    int count;
    double loads, high;
    int top, height;
};

static double mean_of(const struct overload_row *row)
{
    return row->done_mean;
}

static double arithmetic_of(const struct overload_row *row)
{
    return row->arithmetic;
}

static double rejected_of(const struct overload_row *row)
{
    return row->sent > 0 ? (double)row->rejected / row->sent : 0;
}

static double x_of(const struct chart *chart, double load)
{
    return LEFT + load / chart->loads * (WIDTH - LEFT - RIGHT);
}

// What was never done is at the upper edge.
static double y_of(const struct chart *chart, double value)
{
    double part = fmin(value / chart->high, 1);
    return chart->top + chart->height * (1 - part);
}

static void text(FILE *file, double x, double y, const char *anchor,
                 const char *words)
{
    fprintf(file,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"15\">"
            "%s</text>\n",
            x, y, anchor, words);
}

static void draw_mark(const struct chart *chart, double value,
                      const char *words)
{
    fprintf(chart->file, "<path d=\"M%d %.1f H%d\" stroke=\"%s\"/>\n", LEFT,
            y_of(chart, value), WIDTH - RIGHT,
            value > 0 ? COLOUR_GRID : COLOUR_TEXT);
    text(chart->file, LEFT - 10, y_of(chart, value) + 5, "end", words);
}

static void draw_seconds(const struct chart *chart)
{
    double step = timeline_step(chart->high);
    for (int i = 0; i * step <= chart->high; i++) {
        char words[24];
        snprintf(words, sizeof words, "%.3g s", i * step);
        draw_mark(chart, i * step, words);
    }
}

static void draw_loads(const struct chart *chart, int y)
{
    double step = timeline_step(chart->loads);
    if (step < 0.2)
        step = 0.2;
    for (int i = 1; i * step <= chart->loads + 1e-9; i++) {
        char words[24];
        snprintf(words, sizeof words, "%.1f", i * step);
        fprintf(chart->file, "<path d=\"M%.1f %d v6\" stroke=\"%s\"/>\n",
                x_of(chart, i * step), y, COLOUR_TEXT);
        text(chart->file, x_of(chart, i * step), y + 23, "middle", words);
    }
}

// The capacity, where overload begins.
static void draw_capacity(const struct chart *chart)
{
    fprintf(chart->file,
            "<path d=\"M%.1f %d V%d\" stroke=\"%s\" stroke-dasharray=\"3 4\"/>"
            "\n",
            x_of(chart, 1), chart->top, chart->top + chart->height,
            COLOUR_TEXT);
}

static void draw_line(const struct chart *chart, int i, value_of *value)
{
    const struct overload_result *result = &chart->results[i];
    fprintf(chart->file, "<path d=\"");
    for (int j = 0; j < result->count; j++)
        fprintf(chart->file, "%s%.1f %.1f", j > 0 ? " L" : "M",
                x_of(chart, result->rows[j].load),
                y_of(chart, value(&result->rows[j])));
    fprintf(chart->file,
            "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\"/>\n",
            colours[result->plan.stage - 4]);
}

static void draw_points(const struct chart *chart, int i, value_of *value)
{
    const struct overload_result *result = &chart->results[i];
    for (int j = 0; j < result->count; j++)
        fprintf(chart->file,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n",
                x_of(chart, result->rows[j].load),
                y_of(chart, value(&result->rows[j])),
                colours[result->plan.stage - 4]);
}

static void put_words(char *words, size_t size, int stage, double value,
                      bool is_time)
{
    if (isinf(value))
        snprintf(words, size, "stage %d: never", stage);
    else if (is_time)
        snprintf(words, size, "stage %d: %.2g s", stage, value);
    else
        snprintf(words, size, "stage %d: %.0f %%", stage, 100 * value);
}

// The stages' names at the right, from the lowest value upwards.
static void draw_names(const struct chart *chart, value_of *value, bool is_time)
{
    bool is_drawn[3] = {false};
    double below = HEIGHT;
    for (int n = 0; n < chart->count; n++) {
        const struct overload_row *last = NULL;
        int lowest = 0;
        for (int i = 0; i < chart->count; i++) {
            const struct overload_result *result = &chart->results[i];
            const struct overload_row *row = &result->rows[result->count - 1];
            if (!is_drawn[i] && (last == NULL || value(row) < value(last))) {
                last = row;
                lowest = i;
            }
        }
        char words[40];
        int stage = chart->results[lowest].plan.stage;
        double y = fmin(y_of(chart, value(last)) + 5, below - LABEL);
        put_words(words, sizeof words, stage, value(last), is_time);
        fprintf(chart->file,
                "<text x=\"%.1f\" y=\"%.1f\" font-size=\"16\" "
                "font-weight=\"bold\" fill=\"%s\">%s</text>\n",
                x_of(chart, last->load) + 14, y, colours[stage - 4], words);
        is_drawn[lowest] = true;
        below = y;
    }
}

static void draw_times(struct chart *chart)
{
    chart->top = TOP;
    chart->height = TIMES;
    draw_seconds(chart);
    draw_capacity(chart);
    text(chart->file, LEFT, TOP - 14, "start", "until an event is done, mean");
    for (int i = 0; i < chart->count; i++)
        draw_line(chart, i, arithmetic_of);
    for (int i = 0; i < chart->count; i++)
        draw_points(chart, i, mean_of);
    draw_names(chart, mean_of, true);
}

static void draw_rejected(struct chart *chart)
{
    chart->top = TOP + TIMES + GAP;
    chart->height = REJECTED;
    chart->high = 1;
    draw_mark(chart, 0, "0 %");
    draw_mark(chart, 0.5, "50 %");
    draw_mark(chart, 1, "100 %");
    draw_capacity(chart);
    text(chart->file, LEFT, chart->top - 14, "start", "rejected with 503");
    for (int i = 0; i < chart->count; i++) {
        draw_line(chart, i, rejected_of);
        draw_points(chart, i, rejected_of);
    }
    draw_names(chart, rejected_of, false);
    draw_loads(chart, chart->top + chart->height);
}

static void draw_legend(FILE *file)
{
    double middle = (LEFT + WIDTH - RIGHT) / 2.0;
    text(file, middle, HEIGHT - BOTTOM + 46, "middle",
         "load: 1.0 is the capacity, workers / work");
    fprintf(file,
            "<circle cx=\"%d\" cy=\"%d\" r=\"5\" fill=\"%s\"/>\n"
            "<path d=\"M%d %d h26\" stroke=\"%s\" stroke-width=\"2.5\"/>\n",
            LEFT + 8, HEIGHT - 21, COLOUR_TEXT, LEFT + 120, HEIGHT - 21,
            COLOUR_TEXT);
    text(file, LEFT + 20, HEIGHT - 16, "start", "measured");
    text(file, LEFT + 152, HEIGHT - 16, "start", "by arithmetic (above)");
}

static void find_ends(struct chart *chart)
{
    for (int i = 0; i < chart->count; i++)
        for (int j = 0; j < chart->results[i].count; j++) {
            const struct overload_row *row = &chart->results[i].rows[j];
            chart->loads = fmax(chart->loads, row->load);
            chart->high = fmax(chart->high, row->arithmetic);
            if (!isinf(row->done_mean))
                chart->high = fmax(chart->high, row->done_mean);
        }
}

int overload_draw(const struct overload_result *results, int count,
                  const char *path)
{
    FILE *file = fopen(path, "w");
    struct chart chart = {
        .file = file, .results = results, .count = count, .loads = 1};
    if (file == NULL)
        return -1;
    find_ends(&chart);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"Helvetica, "
            "Arial, sans-serif\" fill=\"%s\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
            "<text x=\"%d\" y=\"30\" font-size=\"20\">Overload: %d ms of work "
            "for an event</text>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, COLOUR_TEXT, LEFT,
            results[0].plan.work_ms);
    draw_times(&chart);
    draw_rejected(&chart);
    draw_legend(file);
    fprintf(file, "</svg>\n");
    bool has_failed = ferror(file) != 0;
    return fclose(file) == 0 && !has_failed ? 0 : -1;
}
