#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENT_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENT_H

// experiment.h - one question to all servers
//
// An experiment is a function and a row in a table. The function starts the
// server, sends clients to it, and sums up in one verdict what it saw. The row
// says which verdict each server must show, its defect included.
//
// A server is a number: a stage from 1 to 6, SKETCH, LANES, DURABLE or SHARED.
// An array of SERVERS has its element for server N at N - 1.

#include "lab/experiments/run.h"

struct experiment {
    const char *name;
    const char *question;
    void (*perform)(struct run *run);
    const char *expected[STAGES]; // verdicts; NULL: makes no sense there
    const char *sketch;           // the same for the sketch
    const char *lanes, *durable, *shared; // NULL: as stage 6
    const char *server;     // what starts it; NULL: ./workshop run N
    const char *by_hand;    // commands that show much the same at {port}
    const char *shows;      // what one sees then
    int clients;            // at the same time; 0: one, and a good one
    int events;             // that are in the server at the same time
    unsigned needs;         // what a server must have: a sum of HAS_
    unsigned needs_at_work; // the same, from stage 4 on
    const char *makes;      // "56": without it, no server is a stage 5
    const char *also;       // a verdict that is as good; NULL: none
};

struct table {
    const struct experiment *rows;
    int count;
    int parallel;     // how many of them, the first ones, run at all servers in
                      // parallel; the others measure times, and run one by one
    const char *also; // a verdict that is as good as any; NULL: none
    const char *readme; // about its rows; NULL: the stages' own
};

extern const struct table lessons; // table.c: what the stages are about

// NULL: no experiment has this name.
const struct experiment *experiment_find(const struct table *table,
                                         const char *name);

// The verdict that a server must show. NULL: the question makes no sense there.
const char *experiment_expected(const struct experiment *experiment,
                                int server);

// Whether the row makes a server what it is. What lanes, durable and shared
// show where stage 6 shows something else makes them what they are.
bool experiment_makes(const struct experiment *experiment, int server);

// Whether the server showed it.
bool run_is_expected(const struct run *run,
                     const struct experiment *experiment);

// Performs it against one server, from start to stop. False: the server did not
// start, or the experiment could not be done; the verdict says which. If the
// system denied the lab something, the detail says what.
bool experiment_perform(const struct experiment *experiment,
                        const struct subject *subject, int work_ms,
                        struct run *run);

// The word for how a server of ours ends after SIGTERM: "status 0".
const char *experiment_exit(int server);

// Performs it against these servers in parallel, each in a process of its own,
// and fills in their runs. If a process fails, its run is marked failed.
void experiment_perform_all(const struct experiment *experiment,
                            const bool servers[SERVERS], int work_ms,
                            struct run runs[SERVERS]);

#endif
