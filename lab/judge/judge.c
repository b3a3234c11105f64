#include "lab/judge/judge.h"
#include "lab/judge/junit.h"
#include "lab/screen.h"
#include "lab/trouble.h"
#include "lib/base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

const char *judge_result_name(enum judge_result result)
{
    static const char *const words[] = {"ok", "differs", "skipped", "not done"};
    return words[result];
}

// Whether a list like "burst,audit" has the name. NULL has all.
static bool names(const char *list, const char *name)
{
    size_t length = strlen(name);
    if (list == NULL)
        return true;
    for (const char *at = list; *at != '\0'; at += strcspn(at, ",")) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, length) == 0 &&
            (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

// The first name in the list that is no experiment's. NULL: there is none.
static const char *unknown_row(const struct table *table, const char *list,
                               char name[64])
{
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ",");
        snprintf(name, 64, "%.*s", (int)length, list);
        if (experiment_find(table, name) == NULL)
            return name;
        list += length;
        list += *list == ',' ? 1 : 0;
    }
    return NULL;
}

static bool is_stage_row(const struct experiment *experiment)
{
    int stages = 0;
    for (int i = 0; i < STAGES; i++)
        stages += experiment->expected[i] != NULL;
    return stages > 1; // the others ask for an option of one stage
}

static bool applies(const struct experiment *experiment, int stage)
{
    return stage > 0 ? experiment_expected(experiment, stage) != NULL
                     : is_stage_row(experiment);
}

// What the server must have and has not: a bit, or 0.
static unsigned missing(const struct judgement *judgement,
                        const struct experiment *experiment, int stage)
{
    unsigned needs = experiment->needs;
    if (stage >= 4)
        needs |= experiment->needs_at_work;
    unsigned lacks = needs & ~judgement->subject.has;
    if ((lacks & HAS_RESTART) != 0)
        return HAS_RESTART;      // then the others were not looked for
    return lacks & (~lacks + 1); // the lowest bit
}

static void skip(struct judge_row *row, const struct probe *probe,
                 unsigned ability)
{
    int i = 0;
    while (1U << i != ability)
        i++;
    row->result = JUDGE_SKIPPED;
    bool is_known = probe->notes[i][0] != '\0';
    snprintf(row->why, sizeof row->why, "needs %s%s%s", ability_name(i),
             is_known ? ": " : "", probe->notes[i]);
}

static void perform(struct judgement *judgement, struct judge_row *row,
                    int stage, int work_ms)
{
    unsigned lacks = missing(judgement, row->experiment, stage);
    row->run = (struct run){.subject = &judgement->subject};
    if (lacks != 0) {
        skip(row, &judgement->probe, lacks);
        return;
    }
    experiment_perform(row->experiment, &judgement->subject, work_ms,
                       &row->run);
    if (row->run.is_ours) {
        row->result = JUDGE_NOT_DONE;
        snprintf(row->why, sizeof row->why, "%s", row->run.detail);
    } else if (row->run.skipped[0] != '\0') {
        row->result = JUDGE_SKIPPED;
        snprintf(row->why, sizeof row->why, "%s", row->run.skipped);
    }
}

static bool is(const struct judge_row *row, const char *verdict)
{
    return verdict != NULL && strcmp(row->run.verdict, verdict) == 0;
}

static bool is_as(const struct judgement *judgement,
                  const struct judge_row *row, const char *wanted)
{
    return !row->run.failed && !row->run.died &&
           (is(row, wanted) || is(row, row->experiment->also) ||
            is(row, judgement->table->also));
}

// Whether the row has a verdict at all.
static bool is_seen(const struct judge_row *row)
{
    return row->result == JUDGE_OK || row->result == JUDGE_DIFFERS;
}

// What is as good as the wanted verdict is less like it.
static int likeness(const struct judgement *judgement, int stage)
{
    int sum = 0;
    for (int i = 0; i < judgement->count; i++) {
        const struct judge_row *row = &judgement->rows[i];
        const char *wanted = experiment_expected(row->experiment, stage);
        bool is_alike = !row->run.failed && !row->run.died &&
                        (is(row, wanted) ||
                         (wanted != NULL && is(row, judgement->table->also)));
        if (is_seen(row))
            sum += is_alike ? 1 : -1;
    }
    return sum;
}

// Of equal ones, the first.
static int most_like(struct judgement *judgement)
{
    int best = 1;
    for (int stage = 1; stage <= SERVERS; stage++) {
        if (stage == SKETCH)
            continue;
        judgement->likeness[stage - 1] = likeness(judgement, stage);
        if (judgement->likeness[stage - 1] > judgement->likeness[best - 1])
            best = stage;
    }
    return best;
}

static void compare(struct judgement *judgement)
{
    for (int i = 0; i < judgement->count; i++) {
        struct judge_row *row = &judgement->rows[i];
        row->wanted = experiment_expected(row->experiment, judgement->stage);
        row->makes = experiment_makes(row->experiment, judgement->stage);
        if (is_seen(row))
            row->result =
                row->wanted != NULL && is_as(judgement, row, row->wanted)
                    ? JUDGE_OK
                    : JUDGE_DIFFERS;
        judgement->counts[row->result]++;
    }
}

int judge_count_missing(const struct judgement *judgement)
{
    int count = 0;
    for (int i = 0; i < judgement->count; i++)
        count += judgement->rows[i].result == JUDGE_SKIPPED &&
                 judgement->rows[i].makes;
    return count;
}

static int status_of(const struct judgement *judgement)
{
    if (judgement->counts[JUDGE_NOT_DONE] > 0)
        return TROUBLE_EXIT;
    if (!judgement->was_asked)
        return EXIT_SUCCESS;
    return judgement->counts[JUDGE_DIFFERS] + judge_count_missing(judgement) > 0
               ? EXIT_FAILURE
               : EXIT_SUCCESS;
}

static void perform_all(struct judgement *judgement,
                        const struct judge_options *options)
{
    for (int i = 0; i < options->table->count; i++) {
        const struct experiment *experiment = &options->table->rows[i];
        if (!applies(experiment, options->stage) ||
            !names(options->rows, experiment->name))
            continue;
        struct judge_row *row = &judgement->rows[judgement->count++];
        *row = (struct judge_row){.experiment = experiment};
        screen_progress(experiment->name, i, options->table->count);
        perform(judgement, row, options->stage, options->work_ms);
        screen_progress_end();
    }
}

// Writes the file, if one is wanted. Returns the exit status.
static int finish(const struct judgement *judgement,
                  const struct judge_options *options, int status)
{
    if (options->junit == NULL || junit_write(options->junit, judgement))
        return status;
    return TROUBLE_EXIT;
}

int judge(struct subject *subject, const struct judge_options *options)
{
    static struct judge_row rows[JUDGE_ROWS];
    static struct judgement found;
    char name[64];
    if (unknown_row(options->table, options->rows, name) != NULL) {
        char shown[sizeof name];
        fprintf(stderr, "lab: no row '%s': see lab list\n",
                printable_text(shown, sizeof shown, name));
        return EXIT_USAGE;
    }
    found = (struct judgement){.subject = *subject,
                               .table = options->table,
                               .rows = rows,
                               .was_asked = options->stage > 0,
                               .has_points = options->has_points};
    trouble_clear();
    if (probe_subject(&found.subject, &found.probe) < 0) {
        found.stage = options->stage;
        if (options->is_json)
            judge_print_fault_json(&found);
        else
            judge_print_fault(&found);
        return finish(&found, options,
                      trouble() != NULL ? TROUBLE_EXIT : EXIT_FAILURE);
    }
    perform_all(&found, options);
    int like = most_like(&found);
    found.stage = options->stage > 0 ? options->stage : like;
    compare(&found);
    if (options->is_json)
        judge_print_json(&found);
    else
        judge_print(&found);
    return finish(&found, options, status_of(&found));
}
