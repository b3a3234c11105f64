#ifndef THAW_LAB_SERVERS_SERVER_H
#define THAW_LAB_SERVERS_SERVER_H

// server.h - starts a server, whatever program it is, and ends it
//
//     struct command + struct settings --> a process that listens --> its end
//
// The lab chooses the port. The server gets it as all its settings: in its
// environment and in the words of its command. It is ready when it listens; no
// line need be printed. However this program ends, its servers end too.

#include "lab/servers/database.h"
#include "lab/servers/output.h"
#include "lab/servers/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { COMMAND_MAX = 64 }; // words, with the NULL

struct command {
    const char *words[COMMAND_MAX]; // no shell; may have {names}; end with NULL
    int port;     // if there are no words: of a server that runs already
    bool is_ours; // it starts no processes of its own
    void (*prepare)(void);   // called in its process before it runs; or NULL
    output_on_line *on_line; // called for what it prints; or NULL
};

struct server {
    pid_t pid; // 0: it does not run, or was not started by this program
    int port;
    bool leads_group; // of processes, which are signalled together
    int reservation;  // of the port
    pid_t guard;      // ends the group if this program is killed; 0: none
    int guard_pipe;
    struct output output;
    struct database database; // if its command has a word for it
    int exit_status;          // when it ended; -1: a signal ended it
    int exit_signal;          // which
    char fault[512];          // why it did not start
};

// Starts it and waits until it listens. -1: it does not, and `fault` says why;
// what it printed is in output.text.
int server_start(struct server *server, const struct command *command,
                 const struct settings *settings);

// Whether it has ended by itself. server_is_ending waits for the end of one
// that does not listen any more: a process closes its sockets first.
bool server_has_ended(const struct server *server);
bool server_is_ending(const struct server *server);

// Called in a process that was forked to start servers of its own: it does not
// own its parent's servers, and on Linux it ends when the parent ends.
void servers_end_with_parent(pid_t parent);

// Sends a signal to a server that runs.
void server_signal(const struct server *server, int signal);

// Waits until the server ends; after that time, kills it. Returns its exit
// status, or -1 when a signal ended it.
int server_wait(struct server *server, int milliseconds);

// Sends SIGTERM and waits. Returns what server_wait does.
int server_stop(struct server *server);

// A crash. server_kill sends SIGKILL, and waits for the end of the process; the
// server keeps its port. server_respawn starts it there once more, and returns
// at once; server_wait_ready waits until it listens. Both return -1 as
// server_start does.
void server_kill(struct server *server);
int server_respawn(struct server *server, const struct command *command,
                   const struct settings *settings);
int server_wait_ready(struct server *server);

// Closes the pipe that the server prints to: from now on its writes fail.
void server_close_output(struct server *server);

// What the server's process uses now, from Linux' /proc; elsewhere all 0.
struct server_usage {
    int threads;
    int descriptors;  // open ones
    double memory_mb; // resident, in 10^6 bytes
    double cpu_s;     // of all threads, since the start
};
struct server_usage server_usage(const struct server *server);

// How long the process's first thread was ready to run and waited for a
// processor, in nanoseconds since its start. Linux only; elsewhere 0.
int64_t server_run_delay(pid_t process);

#endif
