#ifndef THAW_LAB_EXPERIMENTS_MATRIX_H
#define THAW_LAB_EXPERIMENTS_MATRIX_H

// matrix.h - experiments against stages, and what differs
//
// Each function prints what it finds and returns the exit status: 1 when a
// stage did not show what the table of experiments says.

#include "lab/experiments/experiment.h"

#include <stdbool.h>

enum matrix_format { MATRIX_TEXT, MATRIX_MARKDOWN, MATRIX_JSON };

struct matrix_options {
    int work_ms; // of the slow work
    enum matrix_format format;
};

// One experiment against these stages, a line for each.
int matrix_try(const struct experiment *experiment, const bool stages[STAGES],
               const struct matrix_options *options);

// All experiments of a table against these stages; NULL: against all.
int matrix_all(const struct table *table, const bool stages[STAGES],
               const struct matrix_options *options);

// The lessons in which two stages behave differently. Nothing is printed
// where there are none.
int matrix_diff(int one, int two, const struct matrix_options *options);

// The table as it must come out, without performing any: the questions, or
// with MATRIX_MARKDOWN what matrix_all prints when all is well.
int matrix_list(const struct table *table, enum matrix_format format);

#endif
