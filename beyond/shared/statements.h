#ifndef THAW_BEYOND_SHARED_STATEMENTS_H
#define THAW_BEYOND_SHARED_STATEMENTS_H

// statements.h - what the servers say to the database
//
//     slot       n | seq  | id  | who   | action | amount | at
//                1 | 4711 | k-1 | alice | buy    |    100 | ...
//                2 |      |     |       |        |        |        <- free
//     accepted   id, who, action, amount, at: keys that were accepted
//     balance    who, amount
//     about      version, capacity, admission
//
// * The capacity is the number of rows in `slot`. No row is inserted or deleted
//   while the servers run.
// * A slot is taken with FOR UPDATE SKIP LOCKED: a row that another transaction
//   has locked is skipped, so no offer waits for another
//   (postgresql.org/docs/15/sql-select.html, "The Locking Clause").
// * A slot that is locked counts as taken. So the queue may reject an offer
//   although the transaction that locked the slot is rolled back later; it
//   never accepts one too many.
// * Each string is sent as it is, once a connection begins, and prepares the
//   statements that this connection runs.

#include "beyond/shared/place.h"

enum { STATEMENTS_VERSION = 1 }; // of the tables

// Makes the tables, in a transaction that waits for the lock.
extern const char statements_tables[];

// Of a front end: offer, balance, balances, waiting, expire.
extern const char statements_front[];
extern const char statements_front_counting[]; // --admission count

// Of a worker: take, apply, apply_several.
extern const char statements_worker[];

#endif
