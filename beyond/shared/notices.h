#ifndef THAW_BEYOND_SHARED_NOTICES_H
#define THAW_BEYOND_SHARED_NOTICES_H

// notices.h - what a running server says of its database, on standard error
//
// One line when it goes and one when it is back, not one for each request.

#include <stdint.h>

void notices_down(const char *program, const char *fault);
void notices_up(const char *program);

// A statement failed that should not: what the server said about it.
void notices_failed(const char *program, const char *fault);

// shared_worker: its first line, when the workers are there; how many of them
// work when it stops; and its tally.
void notices_working(const char *program, int workers, const char *schema);
void notices_stopping(const char *program, int64_t busy);
void notices_worked(const char *program, int64_t done, int64_t failed);

// In the end: what waits in the table, for the next worker; -1: not known. If
// it is nothing, nothing is printed.
void notices_left(const char *program, int64_t jobs);

#endif
