#ifndef THAW_LAB_JUDGE_PROBE_H
#define THAW_LAB_JUDGE_PROBE_H

// probe.h - finds out what a server has
//
// It sends a few requests, and starts the server once or twice more for what
// depends on its settings. Nothing is taken from its name or from the stage
// that it wants to be.

#include "lab/experiments/subject.h"

enum { ABILITIES = 12, NOTE_SIZE = 96 };

struct probe {
    char notes[ABILITIES][NOTE_SIZE]; // what was seen, for each HAS_ bit
    char fault[512];                  // why it can't be judged
    char printed[OUTPUT_SIZE];        // by the server, if so
};

// Fills in subject->has. -1: the server does not start, or gives no response.
int probe_subject(struct subject *subject, struct probe *probe);

// The name of the bit 1 << i: "keep-alive".
const char *ability_name(int i);

#endif
