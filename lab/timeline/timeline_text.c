#include "lab/timeline/timeline.h"
#include "lab/servers/stage.h"

#include <stdio.h>
#include <string.h>

enum { LABEL = 10, WIDTH = 64 }; // in columns

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

static void print_lane(const char *label, const char row[WIDTH + 1],
                       const char *suffix)
{
    int length = WIDTH;
    while (length > 0 && row[length - 1] == ' ')
        length--;
    printf("%-*s|%.*s%s\n", LABEL, label, length, row, suffix);
}

static void print_client(const struct timeline_client *client, double end)
{
    char row[WIDTH + 1];
    char status[24] = "";
    memset(row, ' ', sizeof row);
    double until = client->responded >= 0 ? client->responded : client->left;
    fill(row, client->sent, until, end, client->left > 0 ? '~' : '-');
    if (client->left > 0) {
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

static char digit(int count)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    if (count >= (int)sizeof digits - 1)
        return '+';
    return digits[count];
}

static void print_channel(const struct timeline *timeline, double end)
{
    char row[WIDTH + 1];
    memset(row, ' ', sizeof row);
    for (int i = 0; i < timeline->count_count; i++) {
        double until = i + 1 < timeline->count_count
                           ? timeline->counts[i + 1].at
                           : timeline->end;
        fill(row, timeline->counts[i].at, until, end,
             digit(timeline->counts[i].count));
    }
    print_lane("channel", row, "");
}

static void print_axis(double end)
{
    char row[WIDTH + 16];
    memset(row, ' ', sizeof row);
    for (int i = 0; i <= 4; i++) {
        char text[16];
        snprintf(text, sizeof text, "%.2f", end * i / 4);
        int length = (int)strlen(text);
        int at = i == 4 ? WIDTH - length : column(end * i / 4, end);
        memcpy(row + at, text, (size_t)length);
    }
    printf("%-*s %.*s s\n", LABEL, "", WIDTH, row);
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
