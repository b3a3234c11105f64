#ifndef THAW_LAB_SERVERS_STAGE_H
#define THAW_LAB_SERVERS_STAGE_H

// stage.h - starts one of the six servers, and ends it
//
// A server listens on a free port of 127.0.0.1, which it prints. However this
// program ends, the servers that it started end too.

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STAGES = 6 };
enum { STAGE_ARGUMENTS_MAX = 24 };

struct stage {
    int number; // 1 to 6
    pid_t pid;  // 0: it does not run
    int port;
    int output;         // the read end of its standard output and error
    char printed[4096]; // what it printed after the first line, once it ended
};

// "stage5_queue"
const char *stage_name(int number);

// The executable of a stage, valid until the next call. THAW_BUILD in the
// environment names another build directory than our own.
const char *stage_path(int number);

// Starts the server with these further arguments, which end with NULL, and
// waits until it listens. Returns -1 when it does not; then the reason was
// printed. THAW_BACKEND in the environment is the --backend of stages 2
// to 6.
int stage_start(struct stage *stage, int number, const char *const *arguments);

// For a process that was forked to start servers: it forgets those of its
// parent, and ends when the parent does, where the system can do that.
void stage_end_with_parent(pid_t parent);

// Sends a signal. It must run.
void stage_signal(const struct stage *stage, int signal);

// Waits until it ends, at most so long; then it is killed. Returns its exit
// status, or -1 when a signal ended it.
int stage_wait(struct stage *stage, int milliseconds);

// SIGTERM, and wait. Returns what stage_wait does.
int stage_stop(struct stage *stage);

// From now on nobody reads what it prints.
void stage_close_output(struct stage *stage);

// What the process uses now; all 0 where the system does not tell (it is read
// from Linux' /proc).
struct stage_usage {
    int threads;
    int descriptors;  // open ones
    double memory_mb; // resident, in 10^6 bytes
    double cpu_s;     // seconds of computing since it started, of all threads
};
struct stage_usage stage_usage(const struct stage *stage);

// For how long a process, or its first thread, was ready to run and had to wait
// for a processor, in nanoseconds since it started; 0 where nobody tells.
int64_t stage_kept_waiting(pid_t process);

#endif
