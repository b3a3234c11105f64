#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENT_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENT_H

// experiment.h - one question to all servers
//
// An experiment is a function and a row in a table. The function starts the
// server, sends clients to it, and sums up in one verdict what it saw. The row
// says which verdict each server must show, its defect included.
//
// A server is a number: a stage from 1 to 6, or SKETCH. An array of SERVERS
// has its element for server N at N - 1.

#include "lab/clients/client.h"
#include "lab/servers/gate.h"
#include "lab/servers/stage.h"

#include <stdbool.h>

enum { PATIENCE_MS = 1500 }; // without a response by then: frozen
enum { LIMIT_MS = 20000 };   // for what must come, on a busy machine

struct run {
    struct stage stage;
    int work_ms;       // of the simulated work in stages 4 to 6
    char verdict[24];  // one word or two
    char detail[128];  // what was measured, for people
    double slowest_ms; // of the good clients; negative, INFINITY: no response
    int accepted;      // events; 0: not counted
    int rejected;
    bool failed;  // the experiment itself could not be done
    bool is_ours; // and this is the lab's own fault, or its system's
};

struct experiment {
    const char *name;
    const char *question;
    void (*perform)(struct run *run);
    const char *expected[STAGES]; // verdicts; NULL: makes no sense there
    const char *sketch;           // the same for the sketch
    const char *server;           // what starts it; NULL: ./workshop run N
    const char *by_hand;          // commands that show much the same there
    const char *shows;            // what one sees then
    int clients;                  // at the same time; 0: at most 128
};

struct table {
    const struct experiment *rows;
    int count;
    int parallel; // how many of them, the first ones, run at all servers in
                  // parallel; the others measure times, and run one by one
};

extern const struct table lessons; // table.c: what the stages are about

// NULL: no experiment has this name.
const struct experiment *experiment_find(const struct table *table,
                                         const char *name);

// The verdict that a server must show. NULL: the question makes no sense there.
const char *experiment_expected(const struct experiment *experiment,
                                int server);

// Whether the server showed it.
bool run_is_expected(const struct run *run,
                     const struct experiment *experiment);

// Performs it against one server, from start to stop. False: the server did not
// start or did not stop with status 0, or the experiment could not be done; the
// verdict says which. If the system denied the lab something, the detail says
// what.
bool experiment_perform(const struct experiment *experiment, int server,
                        int work_ms, struct run *run);

// Performs it against these servers in parallel, each in a process of its own,
// and fills in their runs. If a process fails, its run is marked failed.
void experiment_perform_all(const struct experiment *experiment,
                            const bool servers[SERVERS], int work_ms,
                            struct run runs[SERVERS]);

// How long all that must come may take: with this work for each event, and on a
// busy machine.
int run_limit_ms(const struct run *run);

// For the experiments. Starts the server with these arguments, which end with
// NULL, and --work-ms where that fits; the sketch gets none. False: no start.
bool run_start(struct run *run, const char *const *arguments);

// The same, and it prints a line for each event, into run->stage.printed.
bool run_start_printing(struct run *run, const char *const *arguments);

// Stops the server, if it runs. experiment_perform calls it in the end, too.
void run_stop(struct run *run);

__attribute__((format(printf, 2, 3))) void run_verdict(struct run *run,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_detail(struct run *run,
                                                      const char *format, ...);

// Opens a gate. False: that failed, and the verdict says so.
bool run_open_gate(struct run *run, struct gate *gate);

// Whether the server has the loop of stage 2 (and so keep-alive, time-outs and
// a graceful shutdown), the simulated work, and the channel.
bool run_has_loop(const struct run *run);
bool run_has_work(const struct run *run);
bool run_has_channel(const struct run *run);

// Sends GET /health once, and returns its response time in milliseconds;
// negative: no response within PATIENCE_MS.
double run_good_request(const struct run *run);

#endif
