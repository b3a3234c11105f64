#ifndef THAW_LAB_EXPERIMENTS_MATRIX_PRINT_H
#define THAW_LAB_EXPERIMENTS_MATRIX_PRINT_H

// matrix_print.h - prints the outcomes of experiments: text, Markdown, JSON

#include "lab/experiments/matrix.h"

#include <jansson.h>

// Prints on standard error what was expected, what came, and how to repeat it.
void matrix_tell_failure(const struct experiment *experiment,
                         const struct run *run);

// The caller owns the result; matrix_print_json releases it.
json_t *matrix_to_json(const struct experiment *experiment,
                       const struct run *run);
void matrix_print_json(json_t *json);

// One server, in two lines.
void matrix_print_row(const struct run *run);

// These servers, in one line of the matrix. JSON is appended to `all`.
void matrix_print_heading(const bool servers[SERVERS],
                          enum matrix_format format);
void matrix_print_experiment(const struct experiment *experiment,
                             const bool servers[SERVERS],
                             const struct run runs[SERVERS],
                             enum matrix_format format, json_t *all);
void matrix_print_markdown(const struct experiment *experiment,
                           const bool servers[SERVERS],
                           const struct run runs[SERVERS]);

// Two servers, which differ.
void matrix_print_difference(const struct experiment *experiment,
                             const struct run *one, const struct run *two);

#endif
