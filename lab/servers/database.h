#ifndef THAW_LAB_SERVERS_DATABASE_H
#define THAW_LAB_SERVERS_DATABASE_H

// database.h - where a server keeps what must survive it
//
//     {database}    a file that does not exist yet, in a directory of its own
//     {schema}      a name that no other server has, for one of a database
//
// A server that has one of these words in its command starts with nothing. With
// settings that name a file or a schema it starts with what is there: so it can
// be started again after a crash.

#include "lab/servers/settings.h"

struct database {
    char directory[512]; // empty: there is none
    char file[544];
    char schema[64];
};

// Completes the settings for a server with these words, which end with NULL.
// The texts are in `database`; if it has some, from an earlier start, they stay
// the same. -1: it notes the trouble.
int database_prepare(struct database *database, const char *const *words,
                     struct settings *settings);

// Removes the directory. (A schema goes with its PostgreSQL, which lives as
// long as a command: beyond/shared/postgres.py.)
void database_remove(struct database *database);

#endif
