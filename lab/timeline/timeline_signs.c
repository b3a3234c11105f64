// What both drawings of a timeline need.

#include "lab/timeline/timeline.h"

#include <stddef.h>

double timeline_step(double end)
{
    static const double steps[] = {0.05, 0.1, 0.2, 0.5, 1,  2,
                                   5,    10,  20,  50,  100};
    size_t i = 0;
    while (i + 1 < sizeof steps / sizeof steps[0] && end / steps[i] > 6)
        i++;
    return steps[i];
}

struct timeline_signs timeline_signs(const struct timeline *timelines,
                                     int count)
{
    struct timeline_signs signs = {0};
    for (int i = 0; i < count; i++) {
        const struct timeline *timeline = &timelines[i];
        for (int at = 0; at < timeline->client_count; at++) {
            const struct timeline_client *client = &timeline->clients[at];
            bool has_response = client->left == 0 && client->responded >= 0;
            signs.silent |= client->left > 0;
            signs.waits |= client->left == 0;
            signs.response |= has_response && client->status < 400;
            signs.rejected |= has_response && client->status >= 400;
        }
        signs.work |= timeline->span_count > 0;
        signs.channel |= timeline->count_count > 0;
    }
    return signs;
}
