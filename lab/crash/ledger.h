#ifndef THAW_LAB_CRASH_LEDGER_H
#define THAW_LAB_CRASH_LEDGER_H

// ledger.h - what the clients were told of each event, and the audit
//
//     event       0   1   2  ...          17  18 ...
//     user        crash0     ...          crash1 ...
//     amount      1   8  64  ...           1   8 ...
//
//     the balance of crash0, in octal:  1 1 1 2 1 0 1 1
//                                             |   |
//               event 4 was applied twice ----+   +--- event 2 was lost
//
// * An event has a digit of its user's balance: how often it was applied. So
//   a loss does not hide a doubling, as it would in a sum.
// * A server may apply them in any order.

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

// Events of a user. So a balance has 51 bits: a server whose numbers are those
// of JavaScript has 53.
enum { LEDGER_EACH = 17 };

enum ledger_told {
    LEDGER_OPEN,     // nothing, or nothing certain
    LEDGER_ACCEPTED, // 202, or 200
    LEDGER_REJECTED, // 503 each time: it is not stored
};

struct ledger {
    unsigned char *told; // of each event, an enum ledger_told
    int *life;           // of the server, in which it was told
    int count;
    int size;
};

void ledger_init(struct ledger *ledger);
void ledger_destroy(struct ledger *ledger);

// The number of a new event; -1: no memory, and the trouble is noted.
int ledger_add(struct ledger *ledger);

// What an event has: its user, "crash0", and its amount.
enum { LEDGER_USER_SIZE = 24 };
void ledger_user(int event, char user[LEDGER_USER_SIZE]);
long long ledger_amount(int event);

void ledger_tell(struct ledger *ledger, int event, enum ledger_told told,
                 int life);

struct audit {
    int accepted;
    int rejected;
    int open;
    int applied;  // at least once
    int lost;     // accepted, and not applied
    int doubled;  // applied more than once
    int unwanted; // applied, and rejected or never sent
    int first;    // event that is wrong; -1: none
};

// Compares the ledger with the balances, a JSON object.
struct audit ledger_audit(const struct ledger *ledger, const json_t *balances);

#endif
