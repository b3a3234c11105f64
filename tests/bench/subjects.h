#ifndef THAW_TESTS_BENCH_SUBJECTS_H
#define THAW_TESTS_BENCH_SUBJECTS_H

// subjects.h - the channels that are compared, behind one set of calls
//
// There is one of each in the process: open it, use it, destroy it.

#include "lib/event/event.h"
#include "stage5_queue/channel.h"

struct subject {
    const char *name;
    int (*open)(size_t capacity); // -1 and errno
    enum channel_send (*try_send)(const struct event *job);
    void (*flush)(void); // the sender has no more for now; NULL: not needed
    bool (*receive)(struct event *job);
    void (*close)(int receivers);
    void (*destroy)(void);
};

// Ours first. The last one has no name.
extern const struct subject subjects[];

#endif
