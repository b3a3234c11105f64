#ifndef THAW_LAB_TOUR_H
#define THAW_LAB_TOUR_H

// tour.h - the six stages in some seconds: a good client, and a question each

// Returns the exit status: 1 if a stage did not respond as it must.
int tour(void);

#endif
