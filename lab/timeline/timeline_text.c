#include "lab/timeline/timeline.h"
#include "lab/servers/stage.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 10, WIDTH = 64, SUFFIX = 5 }; // in columns

static int column(double at, double end)
{
    int found = end > 0 ? (int)(at / end * WIDTH) : 0;
    if (found < 0)
        return 0;
    return found < WIDTH ? found : WIDTH - 1;
}

static void fill(char row[WIDTH + 1], double from, double to, double end,
                 char mark)
{
    for (int i = column(from, end); i <= column(to, end); i++)
        row[i] = mark;
}

// The suffix is at the end of what is drawn, or over its end.
static void print_lane(const char *label, const char row[WIDTH + 1],
                       const char *suffix)
{
    int length = WIDTH;
    int length_max = WIDTH + SUFFIX - (int)strlen(suffix);
    while (length > 0 && row[length - 1] == ' ')
        length--;
    if (length > length_max)
        length = length_max;
    printf("%-*s|%.*s%s\n", LABEL, label, length, row, suffix);
}

static void print_client(const struct timeline_client *client, double end)
{
    char row[WIDTH + 1];
    char status[24] = "";
    bool is_silent = client->left > 0;
    memset(row, ' ', sizeof row);
    double until = is_silent                ? client->left
                   : client->responded >= 0 ? client->responded
                                            : end;
    fill(row, client->sent, until, end, is_silent ? '~' : '-');
    if (is_silent) {
        snprintf(status, sizeof status, " left");
    } else if (client->responded < 0) {
        snprintf(status, sizeof status, " no response");
    } else {
        bool is_good = client->status < 400;
        row[column(client->responded, end)] = is_good ? 'o' : 'x';
        snprintf(status, sizeof status, " %d", client->status);
    }
    print_lane(client->name, row, status);
}

static void print_work(const struct timeline *timeline, int lane, double end)
{
    char row[WIDTH + 1];
    char label[24];
    int drawn = 0;
    memset(row, ' ', sizeof row);
    // Alternating signs separate one piece of work from the next.
    for (int i = 0; i < timeline->span_count; i++)
        if (timeline->spans[i].lane == lane)
            fill(row, timeline->spans[i].start, timeline->spans[i].end, end,
                 drawn++ % 2 == 0 ? '#' : '=');
    snprintf(label, sizeof label, "work %d", lane + 1);
    print_lane(label, row, "");
}

// How many jobs wait in each column, -1 before the first number. Returns the
// highest of those that can be seen.
static int channel_counts(const struct timeline *timeline, double end,
                          int counts[WIDTH])
{
    int highest = -1;
    for (int i = 0; i < WIDTH; i++)
        counts[i] = -1;
    for (int i = 0; i < timeline->count_count; i++) {
        double until = i + 1 < timeline->count_count
                           ? timeline->counts[i + 1].at
                           : timeline->end;
        int from = column(timeline->counts[i].at, end);
        for (int at = from; at <= column(until, end); at++)
            counts[at] = timeline->counts[i].count;
    }
    for (int i = 0; i < WIDTH; i++)
        highest = counts[i] > highest ? counts[i] : highest;
    return highest;
}

// A line for each digit.
static void print_channel(const struct timeline *timeline, double end)
{
    int counts[WIDTH];
    int unit = 1;
    int highest = channel_counts(timeline, end, counts);
    while (highest / unit >= 10)
        unit *= 10;
    for (const char *label = "channel"; unit > 0; unit /= 10, label = "") {
        char row[WIDTH + 1];
        for (int i = 0; i < WIDTH; i++) {
            bool is_blank = counts[i] < 0 || (unit > 1 && counts[i] < unit);
            row[i] = ' ';
            if (!is_blank)
                row[i] = (char)('0' + counts[i] / unit % 10);
        }
        print_lane(label, row, "");
    }
}

static void print_axis(double end)
{
    char row[WIDTH + SUFFIX + 1];
    double step = timeline_step(end);
    memset(row, ' ', sizeof row);
    for (int i = 0; i * step <= end; i++) {
        char text[24];
        int length = snprintf(text, sizeof text, "|%.3g s", i * step);
        int at = column(i * step, end);
        if (at + length < (int)sizeof row)
            memcpy(row + at, text, (size_t)length);
    }
    int length = (int)sizeof row - 1;
    while (row[length - 1] == ' ')
        length--;
    printf("%-*s %.*s\n", LABEL, "", length, row);
}

void timeline_print(const struct timeline *timeline, double end)
{
    printf("%s: %s\n", stage_name(timeline->stage), timeline->scenario);
    for (int i = 0; i < timeline->client_count; i++)
        print_client(&timeline->clients[i], end);
    for (int lane = 0; lane < timeline->lane_count; lane++)
        print_work(timeline, lane, end);
    if (timeline->count_count > 0)
        print_channel(timeline, end);
    print_axis(end);
}

void timeline_print_legend(const struct timeline *timelines, int count,
                           double end)
{
    struct timeline_signs signs = timeline_signs(timelines, count);
    const struct {
        bool is_used;
        const char *words;
    } entries[] = {
        {signs.silent, "~ is silent"},
        {signs.waits, "- waits"},
        {signs.response, "o response"},
        {signs.rejected, "x rejected"},
        {signs.work, "#### one piece of work, ==== the next"},
    };
    const char *gap = "";
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (!entries[i].is_used)
            continue;
        printf("%s%s", gap, entries[i].words);
        gap = "   ";
    }
    printf("\n");
    bool has_digits = false;
    for (int i = 0; i < count; i++) {
        int counts[WIDTH];
        has_digits |= channel_counts(&timelines[i], end, counts) >= 10;
    }
    if (signs.channel)
        printf("channel: how many jobs wait in it%s\n",
               has_digits ? "; read the digits downwards" : "");
}
