#ifndef THAW_LAB_LOAD_LOAD_H
#define THAW_LAB_LOAD_LOAD_H

// load.h - many clients that ask a server as fast as it answers
//
// Each client has one connection, and asks again when it was answered. With a
// rate, requests are due at fixed moments, and a late one counts from the
// moment at which it was due: a server that stalls is not spared the requests
// that it would have got meanwhile ("coordinated omission").
//
// Only to this machine: the address is 127.0.0.1.

#include "lab/load/histogram.h"

#include <stdbool.h>
#include <stdint.h>

struct load_options {
    int port;
    const char *path;
    const char *method;
    int clients;
    int64_t requests; // 0: as many as fit into the time
    double seconds;
    double rate; // requests per second, all clients together; 0: no limit
    int users;   // an event is from one of so many
    bool closes; // a connection for each request
    bool json;
};

struct load_result {
    double seconds;         // that it took
    struct histogram times; // of the answers, in nanoseconds
    int64_t asked;
    int64_t answered;
    int64_t accepted; // 200, 202
    int64_t rejected; // 503
    int64_t others;   // any other status
    int64_t errors;   // no answer, or a broken connection
    int64_t connections;
};

// Prints it, as text or as JSON.
void load_report(const struct load_options *options,
                 const struct load_result *result);

// Runs the load and prints what came of it. Returns the exit status: 1 when
// there was no answer at all.
int load(const struct load_options *options);

#endif
