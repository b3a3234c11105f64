#ifndef THAW_LAB_EXPERIMENTS_EVENTS_H
#define THAW_LAB_EXPERIMENTS_EVENTS_H

// events.h - many events at once, each from a client of its own

#include "lab/experiments/run.h"

// Opens the clients, and then posts an event of 1 from each.
void events_send(struct run *run, struct client *clients, int count);

// Adds to run->accepted and run->rejected, and finds the slowest.
void events_count(struct run *run, const struct client *clients, int count);

void events_close(struct client *clients, int count);

// How many workers take the events of one user: one, if each user has a lane.
// 0: the server does not say.
int events_workers(const struct run *run);

#endif
