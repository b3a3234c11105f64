#ifndef THAW_LAB_EXPERIMENTS_RUN_H
#define THAW_LAB_EXPERIMENTS_RUN_H

// run.h - one experiment with one server, from its start to its end
//
//     run_start --> clients come, wait and leave --> run_verdict --> run_stop
//
// The verdict says what the clients saw, and `exit` how the server ended.
// Neither hides the other.

#include "lab/clients/client.h"
#include "lab/experiments/subject.h"
#include "lab/servers/gate.h"

#include <stdbool.h>

enum { PATIENCE_MS = 1500 }; // without a response by then: frozen
enum { LIMIT_MS = 20000 };   // for what must come, on a busy machine

struct run {
    const struct subject *subject;
    struct server server;
    struct settings settings; // with which it was started last
    int work_ms;              // of the work for an event
    void (*prepare)(void);    // for the server's process (server.h)
    char verdict[24];         // one word or two
    char detail[128];         // what was measured, for people
    char skipped[96];         // why there is no verdict; empty: there is one
    char exit[24];            // "status 0", "signal 15"; empty: not ended
    double slowest_ms; // of the good clients; negative, INFINITY: no response
    int accepted;      // events; 0: not counted
    int rejected;
    int waiting;  // connections for which its backlog had no room
    bool died;    // before it was told to end
    bool failed;  // the experiment itself could not be done
    bool is_ours; // and this is the lab's own fault, or its system's
};

bool run_has(const struct run *run, unsigned abilities); // all of these

// Starts the server with these settings, and the work of this run unless they
// have a gate or other work. False: no start.
bool run_start(struct run *run, struct settings settings);

// The same, and it prints a line for each event, into run->server.output.
bool run_start_printing(struct run *run, struct settings settings);

// After server_kill: starts it once more, with the same settings, and does not
// wait until it listens. False: no start, and run->server.fault says why.
bool run_respawn(struct run *run);

// Stops the server, if it runs. experiment_perform calls it in the end, too.
// run_wait_end is for an experiment that has told it to end.
void run_stop(struct run *run);
void run_wait_end(struct run *run);

__attribute__((format(printf, 2, 3))) void run_verdict(struct run *run,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_detail(struct run *run,
                                                      const char *format, ...);

// There is no verdict, because the server lacks what the question is about.
__attribute__((format(printf, 2, 3))) void run_skip(struct run *run,
                                                    const char *format, ...);

// The same as run_start, and no work ends before the gate is released. A server
// without a gate works for HELD_MS, or the settings' work_ms. It must end with
// run_end_held.
enum { HELD_MS = 10000 };
bool run_start_held(struct run *run, struct gate *gate,
                    struct settings settings);
void run_end_held(struct run *run, struct gate *gate);

// How long all that must come may take: with this work for each event, and on a
// busy machine.
int run_limit_ms(const struct run *run);

// Waits for the response. False: none within PATIENCE_MS, in which the server
// did nothing.
bool run_wait_unless_frozen(const struct run *run, struct client *client);

// Sends GET /health once, and returns its response time in milliseconds;
// negative: no response within PATIENCE_MS. After the rude clients have left,
// a response may take as long as all that must come.
double run_good_request(const struct run *run);
double run_last_request(const struct run *run);

// Waits until so many events are done, whose amounts are `sum` together. False:
// they are not, or the server does not tell.
bool run_wait_done(struct run *run, int events, long long sum);
bool run_is_done(struct run *run, int events, long long sum); // now

// The sum of the balances; -1: no such response.
long long run_balances(const struct run *run);

#endif
