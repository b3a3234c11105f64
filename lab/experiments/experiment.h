#ifndef THAW_LAB_EXPERIMENTS_EXPERIMENT_H
#define THAW_LAB_EXPERIMENTS_EXPERIMENT_H

// experiment.h - one question, put to six servers
//
// An experiment is a function and a row in a table. The function starts the
// stage, lets clients loose on it, and sums up in one word what it saw. The
// row says which word each stage must show, its defect included.

#include "lab/clients/client.h"
#include "lab/servers/gate.h"
#include "lab/servers/stage.h"

#include <stdbool.h>

enum { PATIENCE_MS = 1500 }; // a client that waits longer calls it frozen
enum { LIMIT_MS = 20000 };   // what must come at all has come by then

struct run {
    struct stage stage;
    int work_ms;       // of the slow work in stages 4 to 6
    char verdict[16];  // the word
    char detail[128];  // what was measured, for people
    double slowest_ms; // of the good clients; negative: no answer
    int accepted;      // events, as far as it counted them
    int rejected;
    bool failed; // the experiment itself could not be done
};

struct experiment {
    const char *name;
    const char *question;
    void (*perform)(struct run *run);
    const char *expected[STAGES]; // verdicts; NULL: it makes no sense there
    const char *by_hand;          // commands that show much the same
};

struct table {
    const struct experiment *rows;
    int count;
    int together; // so many are performed at all stages at the same time; the
                  // rest measures times
};

extern const struct table lessons;      // table.c: what the stages are about
extern const struct table rude_clients; // rude_table.c: what they survive

// In both tables. NULL: there is none of this name.
const struct experiment *experiment_find(const char *name);

// Whether the question makes sense for a stage, and whether it showed what it
// must.
bool experiment_applies(const struct experiment *experiment, int stage);
bool run_is_expected(const struct run *run,
                     const struct experiment *experiment);

// Performs it against one stage, from start to stop. False: the stage did not
// start, did not stop with status 0, or the experiment could not be done; then
// the verdict says so.
bool experiment_perform(const struct experiment *experiment, int stage,
                        int work_ms, struct run *run);

// Performs it against all these stages at the same time, each in a process of
// its own, and fills in their runs. What a process could not do is a run that
// failed.
void experiment_perform_all(const struct experiment *experiment,
                            const bool stages[STAGES], int work_ms,
                            struct run runs[STAGES]);

// For the experiments. Starts the stage with these arguments, which end with
// NULL, and --work-ms where that fits. False: it did not start.
bool run_start(struct run *run, const char *const *arguments);

// The same, and it prints a line for each event, into run->stage.printed.
bool run_start_talking(struct run *run, const char *const *arguments);

// Stops it, if it runs. An experiment that doesn't is stopped afterwards.
void run_stop(struct run *run);

__attribute__((format(printf, 2, 3))) void run_verdict(struct run *run,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void run_detail(struct run *run,
                                                      const char *format, ...);

// Opens a gate; false, with a verdict, where that fails.
bool run_open_gate(struct run *run, struct gate *gate);

// Whether the stage has the slow work, and whether it has the channel.
bool run_has_work(const struct run *run);
bool run_has_channel(const struct run *run);

// Asks GET /health once, and returns after how many milliseconds the answer
// came; negative: not within the patience of a client.
double run_good_request(const struct run *run);

#endif
