#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENT_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENT_H

// experiment.h - one question to six servers
//
// An experiment is a function and a row in a table. The function starts the
// stage, sends clients to it, and sums up in one verdict what it saw. The row
// says which verdict each stage must show, its defect included.

#include "lab/clients/client.h"
#include "lab/servers/gate.h"
#include "lab/servers/stage.h"

#include <stdbool.h>

enum { PATIENCE_MS = 1500 }; // without a response by then: frozen
enum { LIMIT_MS = 20000 };   // for all that must come, on a busy machine

struct run {
    struct stage stage;
    int work_ms;       // of the simulated work in stages 4 to 6
    char verdict[16];  // one word or two
    char detail[128];  // what was measured, for people
    double slowest_ms; // of the good clients; negative: no response
    int accepted;      // events; 0: not counted
    int rejected;
    bool failed; // the experiment itself could not be done
};

struct experiment {
    const char *name;
    const char *question;
    void (*perform)(struct run *run);
    const char *expected[STAGES]; // verdicts; NULL: makes no sense there
    const char *by_hand;          // commands that show much the same
};

struct table {
    const struct experiment *rows;
    int count;
    int parallel; // the first so many run at all stages in parallel; the
                  // others measure times, and run at one stage after another
};

extern const struct table lessons; // table.c: what the stages are about

// NULL: no experiment has this name.
const struct experiment *experiment_find(const struct table *table,
                                         const char *name);

// Whether the question makes sense for a stage, and whether the stage showed
// the expected verdict.
bool experiment_applies(const struct experiment *experiment, int stage);
bool run_is_expected(const struct run *run,
                     const struct experiment *experiment);

// Performs it against one stage, from start to stop. False: the stage did not
// start or did not stop with status 0, or the experiment could not be done; the
// verdict says which.
bool experiment_perform(const struct experiment *experiment, int stage,
                        int work_ms, struct run *run);

// Performs it against these stages in parallel, each in a process of its own,
// and fills in their runs. If a process fails, its run is marked failed.
void experiment_perform_all(const struct experiment *experiment,
                            const bool stages[STAGES], int work_ms,
                            struct run runs[STAGES]);

// For the experiments. Starts the stage with these arguments, which end with
// NULL, and --work-ms where that fits. False: it did not start.
bool run_start(struct run *run, const char *const *arguments);

// The same, and it prints a line for each event, into run->stage.printed.
bool run_start_printing(struct run *run, const char *const *arguments);

// Stops the stage, if it runs. experiment_perform calls it in the end, too.
void run_stop(struct run *run);

__attribute__((format(printf, 2, 3))) void run_verdict(struct run *run,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_detail(struct run *run,
                                                      const char *format, ...);

// Opens a gate. False: that failed, and the verdict says so.
bool run_open_gate(struct run *run, struct gate *gate);

// Whether the stage has the simulated work, and whether it has the channel.
bool run_has_work(const struct run *run);
bool run_has_channel(const struct run *run);

// Sends GET /health once, and returns its response time in milliseconds;
// negative: no response within PATIENCE_MS.
double run_good_request(const struct run *run);

#endif
