#ifndef THAW_LAB_TOUR_H
#define THAW_LAB_TOUR_H

// tour.h - the six stages in under a minute: each one's pain, and its cure

// Returns the exit status: 1 when a stage did not show what it must.
int tour(void);

#endif
