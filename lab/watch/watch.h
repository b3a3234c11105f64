#ifndef THAW_LAB_WATCH_WATCH_H
#define THAW_LAB_WATCH_WATCH_H

// watch.h - servers that run, in the terminal, ten times a second
//
// See README.md for what is shown, and where each number comes from.

#include "lab/watch/sockets.h"

enum { WATCH_SERVERS = SOCKETS_PORTS };

// Shows the servers at these ports until a key or a signal ends it. With
// `once`, or if standard output is no terminal that takes escape sequences,
// prints one frame after a second. Returns the exit status.
int lab_watch(const int *ports, int count, bool once);

#endif
