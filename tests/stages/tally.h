#ifndef THAW_TESTS_STAGES_TALLY_H
#define THAW_TESTS_STAGES_TALLY_H

// tally.h - what a server prints in its last line
//
//     stage5_queue stopped: 12 requests; events: 10 accepted, ...

#include "tests/stages/stages.h"

struct tally {
    int requests;
    int accepted;
    int rejected;
    int invalid;
    int done;
    int failed;
};

// The server must have ended.
static inline struct tally tally_of(const struct server *stage)
{
    struct tally tally = {-1, 0, 0, 0, 0, 0};
    const char *line = strstr(stage->output.text, " stopped: ");
    ck_assert_msg(line != NULL, "no tally in: %s", stage->output.text);
    sscanf(line,
           " stopped: %d requests; events: %d accepted, %d rejected, "
           "%d invalid, %d done, %d failed",
           &tally.requests, &tally.accepted, &tally.rejected, &tally.invalid,
           &tally.done, &tally.failed);
    return tally;
}

#endif
