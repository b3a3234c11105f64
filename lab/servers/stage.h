#ifndef THAW_LAB_SERVERS_STAGE_H
#define THAW_LAB_SERVERS_STAGE_H

// stage.h - which servers are ours, and where their programs are
//
//     1 to 6                    the stages
//     sketch                    the first poll server, which stage 2 shows
//                               before its own
//     lanes, durable, shared    beyond the stages; their packages are optional
//
// They are started as any other server.

#include "lab/servers/server.h"

enum { STAGES = 6, SKETCH, LANES, DURABLE, SHARED, SERVERS = SHARED };

// "stage5_queue", "stage2_sketch", "lanes"
const char *stage_name(int number);

// As a person types it: "5", "sketch", "lanes". And the number that has a word,
// or 0.
const char *stage_word(int number);
int stage_find(const char *word);

// Of its code, and in the build directory: "beyond/lanes".
const char *stage_directory(int number);

// Why a server of beyond/ cannot start on this machine, and what to type; NULL:
// it can. A stage is always there.
const char *stage_missing(int number);

// The executable of a stage, valid until the next call. It is in the build
// directory that this program itself is in, or in the one that the
// environment's THAW_BUILD names.
const char *stage_path(int number);

// How to start it, with these further arguments; NULL: none. They end with
// NULL and are not copied. The environment's THAW_BACKEND is the --backend of
// all that have a loop of ours.
void stage_command(struct command *command, int number,
                   const char *const *arguments);

#endif
