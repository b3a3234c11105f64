#ifndef THAW_LAB_SERVERS_STAGE_H
#define THAW_LAB_SERVERS_STAGE_H

// stage.h - starts one of the servers, and ends it
//
// They are the six stages, and the sketch: the first poll server, which stage 2
// shows before its own. A server listens on a free port of 127.0.0.1 and prints
// it. However this program ends, the servers that it started end too.

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STAGES = 6, SKETCH = 7, SERVERS = 7 };
enum { STAGE_ARGUMENTS_MAX = 24 };

struct stage {
    int number; // 1 to 6, or SKETCH
    pid_t pid;  // 0: it does not run
    int port;
    int output;         // the read end of its standard output and error
    char printed[4096]; // after the first line; filled in when it ends
};

// "stage5_queue", "stage2_sketch"
const char *stage_name(int number);

// The executable of a stage, valid until the next call. It is in the build
// directory that this program itself is in, or in the one that the
// environment's THAW_BUILD names.
const char *stage_path(int number);

// Starts the server with these further arguments, which end with NULL, and
// waits until it listens. If it does not, prints why and returns -1. The
// environment's THAW_BACKEND is the --backend of stages 2 to 6.
int stage_start(struct stage *stage, int number, const char *const *arguments);

// Called in a process that was forked to start servers of its own: it does not
// own its parent's servers, and on Linux it ends when the parent ends.
void stage_end_with_parent(pid_t parent);

// Sends a signal to a server that runs.
void stage_signal(const struct stage *stage, int signal);

// Waits until the server ends; after that time, kills it. Returns its exit
// status, or -1 when a signal ended it.
int stage_wait(struct stage *stage, int milliseconds);

// Sends SIGTERM and waits. Returns what stage_wait does.
int stage_stop(struct stage *stage);

// Closes the pipe that the server prints to: from now on its writes fail.
void stage_close_output(struct stage *stage);

// What the server's process uses now, from Linux' /proc; elsewhere all 0.
struct stage_usage {
    int threads;
    int descriptors;  // open ones
    double memory_mb; // resident, in 10^6 bytes
    double cpu_s;     // of all threads, since the start
};
struct stage_usage stage_usage(const struct stage *stage);

// How long the process's first thread was ready to run and waited for a
// processor, in nanoseconds since its start. Linux only; elsewhere 0.
int64_t stage_run_delay(pid_t process);

#endif
