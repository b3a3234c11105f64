#ifndef THAW_LAB_EXPERIMENTS_MATRIX_PRINT_H
#define THAW_LAB_EXPERIMENTS_MATRIX_PRINT_H

// matrix_print.h - how the outcome of an experiment looks: text, Markdown, JSON

#include "lab/experiments/matrix.h"

#include <jansson.h>

// What came, what was expected, and how to see it again: on standard error.
void matrix_tell_failure(const struct experiment *experiment,
                         const struct run *run);

// The caller owns what comes; matrix_print_json takes it over.
json_t *matrix_to_json(const struct experiment *experiment,
                       const struct run *run);
void matrix_print_json(json_t *json);

// One stage, in two lines.
void matrix_print_row(const struct run *run);

// All stages, in a line of the matrix. JSON is appended to `all`.
void matrix_print_heading(enum matrix_format format);
void matrix_print_experiment(const struct experiment *experiment,
                             const struct run runs[STAGES],
                             enum matrix_format format, json_t *all);
void matrix_print_markdown(const struct experiment *experiment,
                           const struct run runs[STAGES]);

// Two stages that differ.
void matrix_print_difference(const struct experiment *experiment,
                             const struct run *one, const struct run *two);

#endif
