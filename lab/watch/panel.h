#ifndef THAW_LAB_WATCH_PANEL_H
#define THAW_LAB_WATCH_PANEL_H

// panel.h - one server, painted: where its clients and their events wait
//
//     stage5_queue  127.0.0.1:8080                       responds in 0.2 ms
//       backlog      poll set       mutex         channel         workers
//     +---------+   +---------+               +-------------+   +---------+
//     |    0    |-->|    3    |-------------->|  40 of 100  |-->|  1 of 1 |
//     |         |   | ooo     |               | ####....... |   | #       |
//     +---------+   +---------+               +-------------+   +---------+
//     per second   accepted 20.0   rejected 0.0   done 2.0
//     p99          response 0.3 ms   accepted until done 19.8 s
//
// A full panel has 8 rows. A brief one has 3: no boxes, and no p99.

#include "lab/watch/canvas.h"
#include "lab/watch/target.h"

enum { PANEL_FULL = 8, PANEL_BRIEF = 3 }; // rows
enum { PANEL_NARROWEST = 60, PANEL_WIDEST = 100 };

struct panel {
    struct canvas *canvas;
    int row, column, width;
    bool has_boxes; // the locale has characters for boxes; otherwise ASCII
};

void panel_paint(const struct panel *panel, const struct target *target,
                 int64_t now);
void panel_paint_brief(const struct panel *panel, const struct target *target,
                       int64_t now);

#endif
