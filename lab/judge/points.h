#ifndef THAW_LAB_JUDGE_POINTS_H
#define THAW_LAB_JUDGE_POINTS_H

// points.h - a judgement as a number, for graders
//
// A row that is as wanted gives a point, and two if it makes the stage what it
// is. Any other row gives none. What the lab itself could not do counts
// nowhere, neither in the sum nor in what it is out of.

#include "lab/judge/judge.h"

int points_of_row(const struct judge_row *row);
int points_max_of_row(const struct judge_row *row);

int points(const struct judgement *judgement);
int points_max(const struct judgement *judgement);

#endif
