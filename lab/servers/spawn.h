#ifndef THAW_LAB_SERVERS_SPAWN_H
#define THAW_LAB_SERVERS_SPAWN_H

// spawn.h - the processes behind server.h: a server, and its guard
//
// On Linux a server is killed when the lab ends, even by SIGKILL. What the
// server itself started is not. So a server that is not ours leads a process
// group, and a guard beside it kills the group when the lab has ended.

#include "lab/servers/server.h"

// Starts the command with its settings. -1: `fault` says why not, or the
// trouble is noted.
int spawn_server(struct server *server, const struct command *command,
                 const struct settings *settings);

// Kills what is left of the group, and ends the guard.
void spawn_end_group(struct server *server);

// For server_signal and for signal handlers: the process or its group.
pid_t spawn_target(const struct server *server);

#endif
