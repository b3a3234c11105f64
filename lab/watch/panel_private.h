#ifndef THAW_LAB_WATCH_PANEL_PRIVATE_H
#define THAW_LAB_WATCH_PANEL_PRIVATE_H

// panel_private.h - for the two files that paint a panel

#include "lab/watch/panel.h"

// The name and the port, and on the right what the server does now.
void panel_title(const struct panel *panel, const struct target *target,
                 int64_t now);

// "per second   accepted 20.0   rejected 0.0   done 2.0"
void panel_rates(const struct panel *panel, int row, const struct rates *rates);

// "p99          response 0.3 ms   accepted until done 19.8 s"
void panel_p99(const struct panel *panel, int row, const struct rates *rates);

#endif
