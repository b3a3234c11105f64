#ifndef THAW_LAB_TOUR_H
#define THAW_LAB_TOUR_H

// tour.h - the six stages in a minute: the pain of each, and its cure

// Returns the exit status: 1 if a stage did not show what it must.
int tour(void);

#endif
