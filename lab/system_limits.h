#ifndef THAW_LAB_SYSTEM_LIMITS_H
#define THAW_LAB_SYSTEM_LIMITS_H

// system_limits.h - what the system lets the lab, and so its servers, have
//
// An experiment asks before it starts. Otherwise a server that is well would
// look frozen beside clients that the lab could not open. All of the lab may
// use this.

#include <stdbool.h>
#include <stddef.h>

enum {
    LIMITS_OTHERS = 20,        // descriptors of a program that are not clients
    LIMITS_OTHERS_MORE = 44,   // of a program that is not ours
    LIMITS_STACK = 256 * 1024, // in bytes, of a thread of stage 4
};

// Raises the soft limit of open descriptors as far as the system allows, and
// returns it. Programs that are started later inherit it.
int limits_raise_descriptors(void);

// Whether `count` clients, or threads of a server, are possible. If not, notes
// the trouble. `stack` is in bytes; 0: the system's default.
bool limits_allow_clients(int count);
bool limits_allow_threads(int count, size_t stack);

// Where temporary files go: the environment's TMPDIR, or /tmp.
const char *limits_tmpdir(void);

#endif
