#ifndef THAW_LAB_OVERLOAD_SUMMARY_H
#define THAW_LAB_OVERLOAD_SUMMARY_H

// summary.h - from the events of a run to a row of the table

#include "lab/overload/overload.h"

// In seconds since the first was due; negative: not yet, or never.
struct summary_event {
    double due, sent, responded, done;
    int status; // 0: no response
};

bool summary_is_accepted(const struct summary_event *event);

// The smallest value that this part of all values does not exceed (nearest
// rank): 0.5 gives the median. Sorts the values. 0 if there are none.
double summary_quantile(double *values, int count, double part);

// Fills in what follows from the events; row->work is known. False: there is no
// memory.
bool summary_fill(const struct overload_plan *plan,
                  const struct summary_event *events, int count,
                  struct overload_row *row);

#endif
