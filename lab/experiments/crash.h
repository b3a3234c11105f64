#ifndef THAW_LAB_EXPERIMENTS_CRASH_H
#define THAW_LAB_EXPERIMENTS_CRASH_H

// crash.h - how often the experiment `crash` kills a server, and when

enum { CRASH_ROUNDS = 5, CRASH_ROUNDS_MAX = 1000 };

extern struct crash_options {
    int rounds; // a kill in each
    int seed;   // of the moments; 0: others each time
} crash_options;

#endif
