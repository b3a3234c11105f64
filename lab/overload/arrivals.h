#ifndef THAW_LAB_OVERLOAD_ARRIVALS_H
#define THAW_LAB_OVERLOAD_ARRIVALS_H

// arrivals.h - when events arrive, as from many clients who know nothing of
// each other
//
//     |  | ||     |   | |  ||   |        |  | |
//     0                                      seconds
//
// Such arrivals are a Poisson process: the gaps between them are exponentially
// distributed. Their pattern is the same in each run, because it begins with
// the same seed. Only its scale differs: all of them fit into the time.

void arrivals_make(double *moments, int count, double seconds);

#endif
