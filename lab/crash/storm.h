#ifndef THAW_LAB_CRASH_STORM_H
#define THAW_LAB_CRASH_STORM_H

// storm.h - 64 clients that send events, to a server that may die
//
//     202, 200             accepted: the next event
//     503                  rejected: again, or it is given up
//     503 storage_failed,
//     504, no response     nothing is certain: again, with the same key
//
// * Each event has an Idempotency-Key, which stays when it is sent again.
// * An event is given up only if each of its responses was such a 503: then it
//   is certainly not stored.
// * What a client was told is in the ledger.

#include "lab/clients/client.h"
#include "lab/crash/ledger.h"

#include <stdatomic.h>

enum { STORM_CLIENTS = 64 };

struct storm {
    struct ledger *ledger;
    int port;
    int run;         // a number in the keys
    int life;        // of the server: how often it was killed
    int left;        // new events that may be sent
    int responses;   // from this life of the server
    int again;       // requests for an event that was sent before
    int last_status; // that was neither accepted nor rejected; 0: none
    double slowest_ms;
    uint64_t random;
    struct client clients[STORM_CLIENTS];
    struct sender {
        int event;        // -1: none
        bool is_waiting;  // for a response
        bool was_sent;    // once before
        bool in_doubt;    // one of its requests may have been accepted
        int64_t again_at; // in milliseconds
    } senders[STORM_CLIENTS];
};

void storm_init(struct storm *storm, struct ledger *ledger, int port,
                uint64_t seed);
void storm_destroy(struct storm *storm);

// Sends at most `events` new events. storm_begin returns after the first
// response, but not later than that; storm_blow goes on until *stop.
void storm_begin(struct storm *storm, int events, int milliseconds);
void storm_blow(struct storm *storm, const atomic_bool *stop);

// The server is dead. Reads what it had still sent, and ends the connections.
void storm_server_died(struct storm *storm);

// Sends an event from each client, and those without an outcome. Returns how
// many have none, when for that time none came for any.
int storm_settle(struct storm *storm, int milliseconds);

#endif
