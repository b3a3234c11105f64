#ifndef THAW_BEYOND_SHARED_SCHEMA_H
#define THAW_BEYOND_SHARED_SCHEMA_H

// schema.h - the tables, before the port is open
//
// * They are made if they are missing. Programs that start at the same time
//   wait for each other (an advisory lock), and the first one makes them.
// * A database that is down or not ready yet is waited for, but not for ever. A
//   front end that has never seen its database cannot know whether the tables
//   fit, and would attract clients and have nothing but a 503. Once it runs,
//   it outlives the database (offers.h).
// * Whatever does not fit is an error that says what to change.

#include "beyond/shared/place.h"

enum { SCHEMA_SETUP_SIZE = 8192 };
enum { SCHEMA_FAULT_SIZE = 640 };

// Returns 0, and place->capacity is the number of slots; or an exit status,
// and `fault` says why: 1, the database did not come within `wait_ms`; 2, as
// for a wrong option, something does not fit.
int schema_open(struct place *place, int wait_ms,
                char fault[SCHEMA_FAULT_SIZE]);

// What each connection sends first: the search_path, then the statements.
void schema_setup(const struct place *place, const char *statements,
                  char setup[SCHEMA_SETUP_SIZE]);

#endif
