#ifndef THAW_LAB_EXPERIMENTS_BY_HAND_H
#define THAW_LAB_EXPERIMENTS_BY_HAND_H

// by_hand.h - an experiment as a person types it
//
//     table.c:   nc 127.0.0.1 {port}
//     printed:   nc 127.0.0.1 8081      where the lab's own PORT is 8081
//
// The number is in the text, and not $PORT, so that it can be pasted into a
// shell that has no such variable, and into a Python program.

#include "lab/experiments/experiment.h"

enum { BY_HAND_SIZE = 2048 }; // in bytes, with the NUL

// Reads PORT. Call this before a server is started, which gets a PORT of its
// own.
void by_hand_init(void);

// Where a server of the reader listens: at that PORT, or else at 8080, as the
// six stages do.
int by_hand_port(void);

// The commands of an experiment, for a server at this port.
void by_hand_commands(const struct experiment *experiment, int port,
                      char text[BY_HAND_SIZE]);

#endif
