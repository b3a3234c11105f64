#ifndef THAW_LAB_JUDGE_JUNIT_H
#define THAW_LAB_JUDGE_JUNIT_H

// junit.h - the judgement in the XML that CI systems show as tests
//
//     row       <testcase name="burst" classname="stage5_queue">
//     differs     <failure>, with the explanation as its text
//     skipped     <skipped>, and why
//     not done    <error>: the lab's own fault
//     ended       <failure> of a test case "start": it can't be judged

#include "lab/judge/judge.h"

#include <stdio.h>

// False: it can't be written, and a line on standard error says why.
bool junit_write(const char *path, const struct judgement *judgement);

// Writes text for XML. What XML 1.0 does not have, as most control characters,
// and what is not UTF-8, becomes \x1b: the byte in hexadecimal digits.
void junit_write_text(FILE *file, const char *text);

#endif
