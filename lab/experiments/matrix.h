#ifndef THAW_LAB_EXPERIMENTS_MATRIX_H
#define THAW_LAB_EXPERIMENTS_MATRIX_H

// matrix.h - experiments against servers, and what differs
//
// Each function prints what it finds and returns the exit status: 1 if a server
// did not show the verdict that the table expects, and otherwise TROUBLE_EXIT
// if an experiment was not done for a fault that is the lab's own.

#include "lab/experiments/experiment.h"

#include <stdbool.h>

enum matrix_format { MATRIX_TEXT, MATRIX_MARKDOWN, MATRIX_JSON };

struct matrix_options {
    int work_ms; // of the simulated work
    enum matrix_format format;
};

// One experiment against these servers, two lines for each.
int matrix_try(const struct experiment *experiment, const bool servers[SERVERS],
               const struct matrix_options *options);

// The experiments of a table against these servers, a column for each.
int matrix_all(const struct table *table, const bool servers[SERVERS],
               const struct matrix_options *options);

// The lessons in which two servers behave differently.
int matrix_diff(int one, int two, const struct matrix_options *options);

// Performs nothing. Prints the names and the questions; with MATRIX_MARKDOWN,
// what matrix_all prints if all is as expected; with MATRIX_JSON, also the
// commands by hand.
int matrix_list(const struct table *table, const bool servers[SERVERS],
                enum matrix_format format);

#endif
