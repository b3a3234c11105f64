#ifndef THAW_LAB_JUDGE_JUDGE_H
#define THAW_LAB_JUDGE_JUDGE_H

// judge.h - is this server a stage 5? In which rows is it not?
//
//     probe --> each experiment that it has all for --> a row: wanted, seen
//
// * A row is skipped, by name and why, if the server lacks what it needs.
// * Rows that make the stage what it is must not be skipped.
// * Without a stage, the stage that it is most like is found afterwards.

#include "lab/experiments/by_hand.h"
#include "lab/experiments/experiment.h"
#include "lab/judge/probe.h"

enum judge_result { JUDGE_OK, JUDGE_DIFFERS, JUDGE_SKIPPED, JUDGE_NOT_DONE };
enum { JUDGE_ROWS = 64 };

struct judge_row {
    const struct experiment *experiment;
    const char *wanted; // a verdict; NULL: there is none for this stage
    enum judge_result result;
    bool makes;    // makes the stage what it is
    char why[128]; // it was skipped or not done
    struct run run;
};

struct judgement {
    struct subject subject;
    struct probe probe;
    int stage;             // or another server of ours, that it is judged as
    bool was_asked;        // for that stage; or it is the most like
    int likeness[SERVERS]; // rows as there, minus rows that differ
    const struct table *table;
    struct judge_row *rows; // JUDGE_ROWS of them
    int count;
    int counts[JUDGE_NOT_DONE + 1]; // of the rows, by their result
    bool has_points;                // to be printed
};

struct judge_options {
    int stage;        // 0: find out which
    const char *rows; // only these: "burst,audit"; NULL: all
    const struct table *table;
    int work_ms;
    bool is_json;
    bool has_points;   // print them, too
    const char *junit; // a file to write the judgement into; NULL: none
};

// Judges and prints. Returns the exit status: 0 if all was as wanted, 1 if a
// row differs or one that makes the stage was skipped, 2 for unknown rows,
// TROUBLE_EXIT for what is the lab's own fault.
int judge(struct subject *subject, const struct judge_options *options);

// For the files that print.
const char *judge_result_name(enum judge_result result);

// How many rows were skipped that make the stage what it is.
int judge_count_missing(const struct judgement *judgement);

void judge_print(const struct judgement *judgement);
void judge_print_json(const struct judgement *judgement);

// It can't be judged at all: why, what it printed, and what to look at.
void judge_print_fault(const struct judgement *judgement);
void judge_print_fault_json(const struct judgement *judgement);

// How a person starts it for this row: "PORT=8081 CAPACITY=20 ./mine". Empty:
// it runs already.
void judge_start_by_hand(const struct judgement *judgement,
                         const struct judge_row *row, char *text, size_t size);

// And what that person then types, at the same port.
void judge_commands_by_hand(const struct judgement *judgement,
                            const struct judge_row *row,
                            char text[BY_HAND_SIZE]);

#endif
