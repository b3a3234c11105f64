#ifndef THAW_TESTS_BENCH_SUBJECTS_H
#define THAW_TESTS_BENCH_SUBJECTS_H

// subjects.h - our channel and GLib's queue, with the same calls
//
// The process has one of each: open it, use it, destroy it.

#include "lib/event/event.h"
#include "stage5_queue/channel.h"

struct subject {
    const char *name;
    int (*open)(size_t capacity); // -1 and sets errno
    enum channel_send (*try_send)(const struct event *job);
    bool (*receive)(struct event *job);
    void (*close)(int receivers);
    void (*destroy)(void);
};

// The channel comes first. The last entry has no name.
extern const struct subject subjects[];

#endif
