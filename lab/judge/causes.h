#ifndef THAW_LAB_JUDGE_CAUSES_H
#define THAW_LAB_JUDGE_CAUSES_H

// causes.h - what a learner needs to know about a row that differs
//
// A table of what each experiment sends and where to read about it, and a table
// of the likely cause for what was seen. A cause is a guess: it is told as a
// question or with "perhaps".

#include "lab/judge/judge.h"

// What the clients sent. NULL: the question says it.
const char *cause_sent(const struct judge_row *row);

// The likely cause. Never NULL.
const char *cause_likely(const struct judge_row *row);

// "stage2_async/README.md, \"Read it\"", for a server that is to be this stage.
void cause_read(const struct judge_row *row, int stage, char *text,
                size_t size);

#endif
