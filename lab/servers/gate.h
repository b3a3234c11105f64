#ifndef THAW_LAB_SERVERS_GATE_H
#define THAW_LAB_SERVERS_GATE_H

// gate.h - holds a server's slow work until it is let through
//
// A FIFO in a directory of its own, for --work-gate. Each byte in it finishes
// one piece of work.

struct gate {
    char directory[64];
    char path[80];
    int descriptor;
};

// Returns -1 and errno.
int gate_open(struct gate *gate);

// Lets so many pieces of work finish, now or when they come to it.
void gate_release(const struct gate *gate, int count);

void gate_close(struct gate *gate);

#endif
