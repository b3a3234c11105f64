#ifndef THAW_LAB_JUDGE_CAUSES_H
#define THAW_LAB_JUDGE_CAUSES_H

// causes.h - what a learner needs to know about a row that differs
//
// A table of what each experiment sends and where to read about it, and a table
// of the likely cause for what was seen. A cause is a guess: it is told as a
// question or with "perhaps".

#include "lab/judge/judge.h"

extern const struct cause_sent {
    const char *experiment; // NULL: the end
    const char *sent;
} causes_sent[];

// The first row that fits is the cause. A NULL fits all; what was seen need
// only begin with `seen`.
extern const struct cause {
    const char *experiment;
    const char *wanted;
    const char *seen;
    const char *cause;
} causes[];

// What the clients sent. NULL: the question says it.
const char *cause_sent(const struct judge_row *row);

// The likely cause. Never NULL.
const char *cause_likely(const struct judge_row *row);

// "stage2_async/README.md, \"Read it\""
void cause_read(const struct judgement *judgement, const struct judge_row *row,
                char *text, size_t size);

#endif
