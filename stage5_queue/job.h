#ifndef THAW_STAGE5_QUEUE_JOB_H
#define THAW_STAGE5_QUEUE_JOB_H

// job.h - an event that waits for a worker, and since when

#include "lib/event/event.h"

struct job {
    struct event event;
    int64_t since; // when its request was ready (http_response.h)
};

#endif
