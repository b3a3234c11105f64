#ifndef THAW_BEYOND_DURABLE_DATABASE_PRIVATE_H
#define THAW_BEYOND_DURABLE_DATABASE_PRIVATE_H

// database_private.h - what database.c and database_open.c share

#include "beyond/durable/database.h"

// Prepares all statements. False: SQLite says why.
bool database_prepare(struct database *database);

#endif
