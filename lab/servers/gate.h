#ifndef THAW_LAB_SERVERS_GATE_H
#define THAW_LAB_SERVERS_GATE_H

// gate.h - holds a server's simulated work until the lab releases it
//
// The gate is a FIFO for --work-gate, in a directory of its own. Each byte in
// it finishes one piece of work.

struct gate {
    char directory[1024]; // in TMPDIR
    char path[1040];
    int descriptor;
};

// Returns -1 and notes the trouble (lab/trouble.h).
int gate_open(struct gate *gate);

// Releases `count` pieces of work: those that wait at the gate, and then the
// next to reach it.
void gate_release(const struct gate *gate, int count);

void gate_close(struct gate *gate);

#endif
