#ifndef THAW_LAB_LOAD_LOAD_H
#define THAW_LAB_LOAD_LOAD_H

// load.h - many clients that send requests as fast as a server responds
//
// Each client has one connection, and sends its next request when the response
// has come. With a rate, requests are due at fixed moments, and the time of a
// late one counts from that moment: otherwise a server that stalls would look
// too good ("coordinated omission").
//
// A request that is rejected with 503 may be sent again (retry.h). Then its
// time counts from the first try until it is accepted. No other request is: one
// without a response may have been accepted, and would count twice.
//
// A request that was due and not sent, and one without a response, took longer
// than any other. So did one that was given up.
//
// The address is always 127.0.0.1.

#include "lab/load/histogram.h"
#include "lab/load/retry.h"

#include <stdbool.h>
#include <stdint.h>

struct load_options {
    int port;
    const char *path;
    const char *method;
    int clients;
    int64_t requests; // 0: as many as fit into `seconds`
    double seconds;
    double rate; // requests per second of all clients; 0: no limit
    int users;   // how many users the events are of
    bool closes; // a connection for each request
    enum retry retry;
    bool json;
};

struct load_result {
    double seconds;         // that the load took
    struct histogram times; // of all that were due, in nanoseconds
    int64_t requests;       // that were sent, or could not be
    int64_t responses;
    int64_t accepted; // 200, 202
    int64_t rejected; // 503, each try
    int64_t others;   // any other status
    int64_t errors;   // no response, or a broken connection
    int64_t unsent;   // with a rate: were due, but no client was free
    int64_t connections;
    int64_t retries;  // further tries of a request that was rejected
    int64_t given_up; // requests: too many tries, or the time was over
    struct retry_busiest busiest; // of the retries
};

// Prints it, as text or as JSON.
void load_report(const struct load_options *options,
                 const struct load_result *result);

// Runs the load and prints its result. Returns the exit status: 1 if there was
// no response at all, TROUBLE_EXIT if the system denied the lab something.
int load(const struct load_options *options);

#endif
