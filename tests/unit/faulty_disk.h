#ifndef THAW_TESTS_UNIT_FAULTY_DISK_H
#define THAW_TESTS_UNIT_FAULTY_DISK_H

// faulty_disk.h - a disk that fails when a test says so, for SQLite
//
//     SQLite --> this VFS --> SQLite's own one --> file        what a kill
//     leaves
//                         \-- when it syncs -----> file.disk   what a power
//                                                              failure leaves
//
// * Like scarce.h: fail the first call, then the second, and so on, until no
//   call fails any more.
// * As on Linux, bytes whose sync has failed never reach the disk, unless they
//   are written again (https://lwn.net/Articles/752063).
// * A write that fails has written its first half, as a disk that is full.
// * No call really syncs: a test need not wait for the disk of this machine.

#include <stdbool.h>

enum faulty_how {
    FAULTY_ONCE,     // the next write or sync fails
    FAULTY_FOR_GOOD, // that one, and all after it
};

// SQLite's default from now on, for files that are opened later.
void faulty_disk_install(void);

// From now on the first `count` writes and syncs succeed.
void faulty_disk_fail(int count, enum faulty_how how);

// Nothing fails any more. Returns whether anything has failed.
bool faulty_disk_end(void);

// Between these two nothing fails, and no call is counted.
void faulty_disk_pause(void);
void faulty_disk_go_on(void);

// The number of syncs since the start, and of calls that failed.
int faulty_disk_syncs(void);
int faulty_disk_faults(void);

// Copies a database and its log as kill -9 leaves them now, or a power failure.
// Files that SQLite has open may be copied.
void faulty_disk_copy(const char *path, const char *copy, bool power_fails);

#endif
