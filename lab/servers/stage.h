#ifndef THAW_LAB_SERVERS_STAGE_H
#define THAW_LAB_SERVERS_STAGE_H

// stage.h - which servers are ours, and where their programs are
//
// They are the six stages, and the sketch: the first poll server, which stage 2
// shows before its own. They are started as any other server.

#include "lab/servers/server.h"

enum { STAGES = 6, SKETCH = 7, SERVERS = 7 };

// "stage5_queue", "stage2_sketch"
const char *stage_name(int number);

// The executable of a stage, valid until the next call. It is in the build
// directory that this program itself is in, or in the one that the
// environment's THAW_BUILD names.
const char *stage_path(int number);

// How to start it, with these further arguments; NULL: none. They end with
// NULL and are not copied. The environment's THAW_BACKEND is the --backend of
// stages 2 to 6.
void stage_command(struct command *command, int number,
                   const char *const *arguments);

#endif
